using SelfDev.Core.Text;
using Spectre.Console;

namespace SelfDev.Local.Terminal;

/// <summary>Writes lines and tables; foreign text goes through <see cref="Escape"/> or <see cref="Cut"/>.</summary>
internal sealed class TerminalWriter(IAnsiConsole console)
{
    /// <summary>Columns of a table whose reader is a file or another program: nothing is worth wrapping then.</summary>
    private const int PipedTableWidth = 1000;

    private readonly bool _isTerminal = console.Profile.Capabilities.Ansi;

    public int Width { get; } = console.Profile.Width;

    /// <summary>Foreign text for the inside of a markup string: one line, nothing that acts, no markup.</summary>
    public static string Escape(string text) => Markup.Escape(SafeText.SingleLine(text));

    /// <summary>Wrapped at words on a terminal; one line where the output is piped.</summary>
    public void Line(string markup = "")
    {
        if (_isTerminal)
        {
            console.MarkupLine(markup);
        }
        else
        {
            console.Profile.Out.Writer.WriteLine(Markup.Remove(markup));
        }
    }

    /// <summary>Safe text on one line, cut to the terminal's width; uncut where the output is piped.</summary>
    public void Cut(string text)
    {
        var cut = _isTerminal && text.Length > Width ? text[..(Width - 1)] + "…" : text;
        // Past Spectre's line breaking: a log line that is wrapped cannot be searched for.
        console.Profile.Out.Writer.WriteLine(cut);
    }

    public void Table(string[] columns, IEnumerable<string[]> rows, IReadOnlyList<int> numericColumns)
    {
        var table = new Table().Border(TableBorder.Simple);
        for (var index = 0; index < columns.Length; index++)
        {
            var column = new TableColumn(columns[index]);
            table.AddColumn(numericColumns.Contains(index) ? column.RightAligned() : column);
        }

        foreach (var row in rows)
        {
            table.AddRow([.. row.Take(columns.Length)]);
        }

        console.Profile.Width = _isTerminal ? Width : PipedTableWidth;
        console.Write(table);
        console.Profile.Width = Width;
    }
}
