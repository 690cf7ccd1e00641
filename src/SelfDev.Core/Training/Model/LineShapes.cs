using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Training.Model;

/// <summary>
/// Counts the lines of a block by shape: the line with every token that holds a digit masked, which is Drain's first
/// step. A block of a log has few shapes, so the mining proper sees few lines, and the counting can run on any core.
/// </summary>
internal sealed class LineShapes
{
    /// <summary>Distinct shapes of a block at most; lines with further ones are only counted.</summary>
    public const int MaxShapes = 4096;

    /// <summary>Bytes of a line that make its shape.</summary>
    public const int MaxLineBytes = 1024;

    private readonly Dictionary<ulong, int> _byHash = [];
    private readonly List<Shape> _shapes = [];

    public IReadOnlyList<Shape> Shapes => _shapes;

    public long Overflowed { get; private set; }

    public void Add(in TextLine line)
    {
        var bytes = line.Bytes.Length > MaxLineBytes ? line.Bytes[..MaxLineBytes] : line.Bytes;
        var hash = Hash(bytes);
        if (hash == 0)
        {
            return;
        }

        if (_byHash.TryGetValue(hash, out var index))
        {
            _shapes[index].Count++;
        }
        else if (_shapes.Count == MaxShapes)
        {
            Overflowed++;
        }
        else
        {
            _byHash.Add(hash, _shapes.Count);
            _shapes.Add(new Shape(line.Number, line.Offset, bytes.ToArray()));
        }
    }

    /// <summary>FNV-1a over tokens, with a token that holds a digit as one wildcard; 0 for a blank line.</summary>
    private static ulong Hash(ReadOnlySpan<byte> line)
    {
        const ulong Prime = 0x100000001B3;
        var hash = 0xCBF29CE484222325UL;
        var token = hash;
        var digit = false;
        var length = 0;
        var any = false;
        foreach (var c in line)
        {
            if (c is (byte)' ' or (byte)'\t')
            {
                if (length > 0)
                {
                    hash = (digit ? hash ^ 0x2A : token ^ 0x20) * Prime;
                    token = hash;
                    digit = false;
                    length = 0;
                }

                continue;
            }

            any = true;
            length++;
            digit |= (uint)(c - '0') <= 9;
            token = (token ^ c) * Prime;
        }

        if (length > 0)
        {
            hash = (digit ? hash ^ 0x2A : token ^ 0x20) * Prime;
        }

        return any ? hash | 1 : 0;
    }

    public sealed class Shape(long line, long offset, byte[] example)
    {
        public long Line { get; } = line;

        public long Offset { get; } = offset;

        public byte[] Example { get; } = example;

        public long Count { get; set; } = 1;
    }
}
