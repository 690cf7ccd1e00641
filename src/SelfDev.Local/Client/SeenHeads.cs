using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Local.Storage;

namespace SelfDev.Local.Client;

/// <summary>
/// The newest head that this user's audits have seen, by the key that signed it: what a ledger is held to without
/// anybody having noted anything. A file of the user's own, away from any host's data.
/// </summary>
internal sealed class SeenHeads(string folder)
{
    private const string FileName = "ledger-heads.json";

    private string Path => System.IO.Path.Combine(folder, FileName);

    /// <summary>
    /// Each platform's place for what a program remembers: <c>$XDG_STATE_HOME</c> or <c>~/.local/state</c>,
    /// <c>~/Library/Application Support</c>, <c>%LOCALAPPDATA%</c>.
    /// </summary>
    public static string DefaultFolder()
    {
        if (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } xdg)
        {
            return System.IO.Path.Combine(xdg, "selfdev");
        }

        if (OperatingSystem.IsWindows())
        {
            return System.IO.Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData),
                "selfdev"
            );
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return OperatingSystem.IsMacOS()
            ? System.IO.Path.Combine(home, "Library", "Application Support", "selfdev")
            : System.IO.Path.Combine(home, ".local", "state", "selfdev");
    }

    /// <returns>Null where no audit has seen one of that key.</returns>
    /// <exception cref="BadInputException">
    /// The file is there and cannot be read; the message says what to do.
    /// </exception>
    public SignedTreeHead? Of(string keyId) => Read().GetValueOrDefault(keyId);

    /// <summary>Remembers a head that was found good, unless a larger one of its key is remembered.</summary>
    /// <exception cref="BadInputException">The file cannot be read or written.</exception>
    public void Remember(SignedTreeHead head)
    {
        var heads = Read();
        if (heads.GetValueOrDefault(head.KeyId)?.TreeSize >= head.TreeSize)
        {
            return;
        }

        heads[head.KeyId] = head;
        Write(heads);
    }

    /// <summary>Forgets what was seen of a key.</summary>
    public void Forget(string keyId)
    {
        var heads = Read();
        if (heads.Remove(keyId))
        {
            Write(heads);
        }
    }

    private Dictionary<string, SignedTreeHead> Read()
    {
        try
        {
            return File.Exists(Path)
                ? JsonSerializer.Deserialize<Dictionary<string, SignedTreeHead>>(
                    File.ReadAllBytes(Path),
                    SelfDevJson.Stored
                ) ?? []
                : [];
        }
        catch (Exception failure) when (failure is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new BadInputException(
                $"What earlier audits saw, '{Path}', cannot be read: {failure.Message} "
                    + "Restore the file, or delete it to begin anew.",
                failure
            );
        }
    }

    private void Write(Dictionary<string, SignedTreeHead> heads)
    {
        try
        {
            Directory.CreateDirectory(folder);
            AtomicFile.Replace(Path, JsonSerializer.SerializeToUtf8Bytes(heads, SelfDevJson.Stored));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"What this audit saw cannot be kept in '{Path}': {failure.Message}", failure);
        }
    }
}
