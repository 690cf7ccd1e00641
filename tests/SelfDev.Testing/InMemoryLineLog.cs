using System.Runtime.CompilerServices;
using System.Text;
using SelfDev.Workflows.Ports;

namespace SelfDev.Testing;

/// <summary>One process's view of lines that several append to; what they share is the list.</summary>
public sealed class InMemoryLineLog(List<string> shared) : ILineLog
{
    private int _position;

    /// <value>Set: the next append fails after it was stored, as an answer that is lost.</value>
    public bool LosesAnswer { get; set; }

    /// <value>Set: appends fail before they are stored.</value>
    public bool Fails { get; set; }

    public async Task<int> ReadNewAsync(Action<byte[]> take, CancellationToken cancellation)
    {
        await Task.Yield();
        List<string> fresh;
        lock (shared)
        {
            fresh = [.. shared.Skip(_position)];
            _position += fresh.Count;
        }

        fresh.ForEach(line => take(Encoding.UTF8.GetBytes(line)));
        return fresh.Count;
    }

    public async Task<bool> TryAppendAsync(byte[] lines, int count, CancellationToken cancellation)
    {
        await Task.Yield();
        if (Fails)
        {
            throw new IOException("The process dies here.");
        }

        var text = Encoding.UTF8.GetString(lines).Split('\n');
        if (text.Length != count + 1 || text[^1].Length > 0)
        {
            throw new ArgumentException("Each line ends with a line feed.", nameof(lines));
        }

        lock (shared)
        {
            if (shared.Count != _position)
            {
                return false;
            }

            shared.AddRange(text[..^1]);
            if (LosesAnswer)
            {
                LosesAnswer = false;
                return false;
            }

            _position = shared.Count;
            return true;
        }
    }

    public async IAsyncEnumerable<byte[]> ReadAsync(long from, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        List<string> found;
        lock (shared)
        {
            found = [.. shared.Skip((int)from)];
        }

        foreach (var line in found)
        {
            yield return Encoding.UTF8.GetBytes(line);
        }
    }
}
