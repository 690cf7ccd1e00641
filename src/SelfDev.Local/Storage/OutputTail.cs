using System.Diagnostics;

namespace SelfDev.Local.Storage;

/// <summary>Drains a child's output, so that it never blocks on a full pipe, and keeps the last lines for error
/// messages.</summary>
internal sealed class OutputTail
{
    private const int KeptLines = 12;

    private readonly Queue<string> _lines = new();

    /// <param name="process">Started, with both outputs redirected.</param>
    /// <param name="onLine">Called with each line of standard output, on a pool thread.</param>
    public OutputTail(Process process, Action<string>? onLine = null)
    {
        process.OutputDataReceived += (_, line) => Keep(line.Data, onLine);
        process.ErrorDataReceived += (_, line) => Keep(line.Data, null);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public override string ToString()
    {
        lock (_lines)
        {
            return string.Join(Environment.NewLine, _lines);
        }
    }

    private void Keep(string? line, Action<string>? onLine)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > KeptLines)
            {
                _lines.Dequeue();
            }
        }

        onLine?.Invoke(line);
    }
}
