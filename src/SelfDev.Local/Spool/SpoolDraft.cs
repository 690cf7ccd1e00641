using System.Security.Cryptography;
using SelfDev.Local.Storage;

namespace SelfDev.Local.Spool;

/// <summary>
/// Content that was received and is no entry yet. Disposed before it was finished, it leaves nothing.
/// </summary>
internal sealed class SpoolDraft(string mark, string path, FileStream file) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _finished;

    public string Mark { get; } = mark;

    /// <value>Bytes received so far.</value>
    public long Length { get; private set; }

    /// <summary>Counts what was written to the file.</summary>
    public void Add(ReadOnlySpan<byte> written)
    {
        _hash.AppendData(written);
        Length += written.Length;
    }

    /// <returns>Of all content, lower-case hex.</returns>
    public string Sha256() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    /// <summary>Ends the file, makes it durable and gives it its name. The folder is the caller's to sync.</summary>
    public void Finish(ReadOnlySpan<byte> footer, string name)
    {
        file.Write(footer);
        DurableFiles.Sync(file);
        file.Dispose();
        File.Move(path, name, overwrite: false);
        _finished = true;
    }

    public void Dispose()
    {
        _hash.Dispose();
        file.Dispose();
        if (!_finished)
        {
            File.Delete(path);
        }
    }
}
