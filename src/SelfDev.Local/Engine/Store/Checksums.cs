using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine.Store;

/// <summary>XXH3 (64 bit) over what a row says, so that a changed byte is seen. SQLite itself checks only its
/// write-ahead log.</summary>
internal static class Checksums
{
    private const int Null = -1;

    /// <summary>Of one history row; covers its place and, through <paramref name="before"/>, every row before
    /// it.</summary>
    public static ulong History(long sequence, int generation, int position, ulong before, ReadOnlySpan<byte> data)
    {
        Span<byte> place = stackalloc byte[24];
        BinaryPrimitives.WriteInt64LittleEndian(place, sequence);
        BinaryPrimitives.WriteInt32LittleEndian(place[8..], generation);
        BinaryPrimitives.WriteInt32LittleEndian(place[12..], position);
        BinaryPrimitives.WriteUInt64LittleEndian(place[16..], before);
        return XxHash3.HashToUInt64(data, unchecked((long)XxHash3.HashToUInt64(place)));
    }

    public static ulong Instance(
        long sequence,
        string id,
        string name,
        string version,
        long created,
        ParentCall? parent,
        string? input
    )
    {
        var hash = new XxHash3();
        Add(hash, sequence);
        Add(hash, id);
        Add(hash, name);
        Add(hash, version);
        Add(hash, created);
        Add(hash, parent?.InstanceId);
        Add(hash, parent?.Generation ?? 0);
        Add(hash, parent?.Action ?? 0);
        Add(hash, input);
        return hash.GetCurrentHashAsUInt64();
    }

    public static ulong State(
        long sequence,
        WorkflowStatus status,
        long updated,
        int generation,
        int batches,
        ulong tail,
        string? output,
        string? failure
    )
    {
        Span<byte> numbers = stackalloc byte[48];
        BinaryPrimitives.WriteInt64LittleEndian(numbers, sequence);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], (long)status);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[16..], updated);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[24..], generation);
        BinaryPrimitives.WriteInt64LittleEndian(numbers[32..], batches);
        BinaryPrimitives.WriteUInt64LittleEndian(numbers[40..], tail);
        var hash = XxHash3.HashToUInt64(numbers);
        return Text(sequence, failure, Text(sequence, output, hash));
    }

    public static ulong Text(long sequence, string? text, ulong before = 0)
    {
        if (text is null)
        {
            return before;
        }

        var hash = new XxHash3(unchecked((long)before));
        Add(hash, sequence);
        Add(hash, text);
        return hash.GetCurrentHashAsUInt64();
    }

    private static void Add(XxHash3 hash, long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        hash.Append(bytes);
    }

    private static void Add(XxHash3 hash, string? text)
    {
        Add(hash, text is null ? Null : Encoding.UTF8.GetByteCount(text));
        if (text is not null)
        {
            hash.Append(Encoding.UTF8.GetBytes(text));
        }
    }
}
