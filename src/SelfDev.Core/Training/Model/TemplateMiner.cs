using System.Text;

namespace SelfDev.Core.Training.Model;

/// <summary>
/// Drain: groups log lines into templates through a tree of fixed depth. Source: He et al., "Drain: An Online Log
/// Parsing Approach with Fixed Depth Tree", ICWS 2017, with the constants of logpai/Drain3 (<c>drain.py</c>): depth 4,
/// so one level of leading tokens; similarity 0.4; 100 children a node.
/// </summary>
internal sealed class TemplateMiner
{
    public const int MaxChildren = 100;
    public const double Similarity = 0.4;

    /// <summary>Templates at most; the one that was matched longest ago leaves.</summary>
    public const int MaxTemplates = 2000;

    private const string Wildcard = "<*>";
    private const int MaxTokens = 64;

    private readonly Dictionary<int, Dictionary<string, List<Template>>> _byLength = [];
    private readonly LinkedList<Template> _recent = [];

    public IEnumerable<Template> Templates => _recent;

    /// <value>Lines taken in, and templates that had to leave.</value>
    public long Lines { get; private set; }

    public long Forgotten { get; private set; }

    /// <summary>Takes in a line that stands for so many of its shape.</summary>
    public Template Add(ReadOnlySpan<byte> text, long line, long offset, long count)
    {
        Lines += count;
        var tokens = Tokens(text);
        if (!_byLength.TryGetValue(tokens.Length, out var node))
        {
            _byLength.Add(tokens.Length, node = []);
        }

        var leading = tokens.Length == 0 ? "" : tokens[0];
        if (!node.TryGetValue(leading, out var leaf))
        {
            // The last place is the wildcard's, where everything beyond the 100th child goes.
            leading = node.Count >= MaxChildren - 1 ? Wildcard : leading;
            if (!node.TryGetValue(leading, out leaf))
            {
                node.Add(leading, leaf = []);
            }
        }

        var template = Best(leaf, tokens);
        if (template is null)
        {
            template = new Template(tokens, line, offset, text.ToArray(), leaf);
            leaf.Add(template);
            template.Place = _recent.AddLast(template);
            if (_recent.Count > MaxTemplates)
            {
                var oldest = _recent.First!.Value;
                oldest.Leaf.Remove(oldest);
                _recent.RemoveFirst();
                Forgotten++;
            }
        }
        else
        {
            template.Generalise(tokens);
            _recent.Remove(template.Place!);
            _recent.AddLast(template.Place!);
        }

        template.Count += count;
        return template;
    }

    private static Template? Best(List<Template> leaf, string[] tokens)
    {
        Template? best = null;
        var bestEqual = -1;
        var bestWildcards = -1;
        foreach (var template in leaf)
        {
            var (equal, wildcards) = template.Compare(tokens);
            if (equal > bestEqual || (equal == bestEqual && wildcards > bestWildcards))
            {
                (best, bestEqual, bestWildcards) = (template, equal, wildcards);
            }
        }

        return best is not null && (tokens.Length == 0 || (double)bestEqual / tokens.Length >= Similarity)
            ? best
            : null;
    }

    private static string[] Tokens(ReadOnlySpan<byte> text)
    {
        var tokens = new List<string>();
        foreach (var range in text.SplitAny(" \t"u8))
        {
            var token = text[range];
            if (token.IsEmpty)
            {
                continue;
            }

            if (tokens.Count == MaxTokens)
            {
                break;
            }

            tokens.Add(token.IndexOfAnyInRange((byte)'0', (byte)'9') >= 0 ? Wildcard : Encoding.UTF8.GetString(token));
        }

        return [.. tokens];
    }

    internal sealed class Template(
        string[] tokens,
        long firstLine,
        long firstOffset,
        byte[] example,
        List<Template> leaf
    )
    {
        private readonly string[] _tokens = tokens;

        public long FirstLine { get; } = firstLine;

        public long FirstOffset { get; } = firstOffset;

        public byte[] Example { get; } = example;

        public List<Template> Leaf { get; } = leaf;

        public LinkedListNode<Template>? Place { get; set; }

        public long Count { get; set; }

        /// <summary>Tokens that are equal without being wildcards, and wildcards.</summary>
        public (int Equal, int Wildcards) Compare(string[] tokens)
        {
            var equal = 0;
            var wildcards = 0;
            for (var i = 0; i < tokens.Length; i++)
            {
                if (ReferenceEquals(_tokens[i], Wildcard) || _tokens[i] == Wildcard)
                {
                    wildcards++;
                }
                else if (_tokens[i] == tokens[i])
                {
                    equal++;
                }
            }

            return (equal, wildcards);
        }

        public void Generalise(string[] tokens)
        {
            for (var i = 0; i < tokens.Length; i++)
            {
                if (_tokens[i] != tokens[i])
                {
                    _tokens[i] = Wildcard;
                }
            }
        }

        public override string ToString() => string.Join(' ', _tokens);
    }
}
