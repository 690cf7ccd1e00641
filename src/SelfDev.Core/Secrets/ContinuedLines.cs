namespace SelfDev.Core.Secrets;

/// <summary>
/// Commands that a backslash continues on the next line (a caret in Windows, a backtick in PowerShell): the options
/// that hold a password often stand on another line than the program that gives them their meaning.
/// </summary>
internal static class ContinuedLines
{
    /// <summary>Longer commands are searched in parts.</summary>
    private const int MaxLines = 40;

    public static void Find(string[] lines, List<SecretSpan> spans)
    {
        for (var first = 0; first < lines.Length; first++)
        {
            var last = first;
            while (last + 1 < lines.Length && last - first < MaxLines && IsContinued(lines[last]))
            {
                last++;
            }

            if (last > first)
            {
                FindIn(lines, first, last, spans);
                first = last;
            }
        }
    }

    private static void FindIn(string[] lines, int first, int last, List<SecretSpan> spans)
    {
        // Each line's text keeps its length, the sign at its end becomes a space: places in the whole tell places in
        // lines.
        var starts = new int[last - first + 2];
        var text = new System.Text.StringBuilder();
        for (var line = first; line <= last; line++)
        {
            starts[line - first] = text.Length;
            var end = line < last ? lines[line].AsSpan().TrimEnd().Length - 1 : lines[line].Length;
            text.Append(lines[line], 0, end).Append(' ', lines[line].Length - end + 1);
        }

        starts[^1] = text.Length;
        var found = new List<SecretSpan>();
        SecretRedactor.FindInLine(text.ToString(), 0, found);
        foreach (var span in found)
        {
            for (var line = first; line <= last; line++)
            {
                var from = Math.Max(span.Start, starts[line - first]);
                var to = Math.Min(span.Start + span.Length, starts[line - first] + lines[line].Length);
                if (from < to)
                {
                    spans.Add(new SecretSpan(line, from - starts[line - first], to - from, span.Kind));
                }
            }
        }
    }

    private static bool IsContinued(string line) =>
        line.AsSpan().TrimEnd() is [.., ' ' or '\t', '\\' or '^' or '`'] or [.., not '\\', '\\'];
}
