using System.Buffers;
using System.Text;
using SelfDev.Local.Sqlite;

namespace SelfDev.Local.Engine.Store;

/// <summary>
/// Binary form of what one commit adds to one history: format byte, number of inbound events that the code has
/// processed so far, then the entries. Integers are 7-bit groups, low first (as in <see
/// cref="BinaryWriter.Write7BitEncodedInt"/>); strings are UTF-8 with their length plus one before them, 0 for null;
/// times are UTC ticks, 8 bytes little-endian.
/// </summary>
internal sealed class HistoryCodec
{
    private const byte Format = 1;
    private readonly ArrayBufferWriter<byte> _buffer = new(4096);

    /// <summary>Encodes into a buffer of this codec, valid until the next call.</summary>
    public ReadOnlySpan<byte> Encode(int processed, ReadOnlySpan<HistoryEvent> entries)
    {
        _buffer.ResetWrittenCount();
        WriteByte(Format);
        WriteInt(processed);
        WriteInt(entries.Length);
        foreach (var entry in entries)
        {
            WriteByte((byte)entry.Kind);
            WriteInt(entry.Id);
            WriteInt(entry.Cause);
            WriteInt(entry.Call);
            var time = _buffer.GetSpan(8);
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(time, entry.At.Ticks);
            _buffer.Advance(8);
            WriteString(entry.Name);
            WriteString(entry.Data);
            WriteString(entry.Target);
        }

        return _buffer.WrittenSpan;
    }

    /// <exception cref="CorruptStoreException">It is not what <see cref="Encode"/> wrote.</exception>
    public static int Decode(ReadOnlySpan<byte> data, List<HistoryEvent> into)
    {
        var reader = new Reader(data);
        if (reader.ReadByte() != Format)
        {
            throw new CorruptStoreException("A history row has an unknown format.");
        }

        var processed = reader.ReadInt();
        var count = reader.ReadInt();
        for (var index = 0; index < count; index++)
        {
            var kind = (HistoryKind)reader.ReadByte();
            var id = reader.ReadInt();
            var cause = reader.ReadInt();
            var call = reader.ReadInt();
            var at = new DateTime(reader.ReadTicks(), DateTimeKind.Utc);
            into.Add(
                new HistoryEvent(
                    kind,
                    id,
                    cause,
                    call,
                    at,
                    reader.ReadString(),
                    reader.ReadString(),
                    reader.ReadString()
                )
            );
        }

        return processed;
    }

    private void WriteByte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    private void WriteInt(int value)
    {
        var span = _buffer.GetSpan(5);
        var rest = (uint)value;
        var length = 0;
        while (rest >= 0x80)
        {
            span[length++] = (byte)(rest | 0x80);
            rest >>= 7;
        }

        span[length++] = (byte)rest;
        _buffer.Advance(length);
    }

    private void WriteString(string? value)
    {
        if (value is null)
        {
            WriteInt(0);
            return;
        }

        var bytes = Encoding.UTF8.GetByteCount(value);
        WriteInt(bytes + 1);
        Encoding.UTF8.GetBytes(value, _buffer.GetSpan(bytes));
        _buffer.Advance(bytes);
    }

    private ref struct Reader(ReadOnlySpan<byte> data)
    {
        private ReadOnlySpan<byte> _rest = data;

        public byte ReadByte() => Take(1)[0];

        public long ReadTicks() => System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(Take(8));

        public int ReadInt()
        {
            uint value = 0;
            for (var shift = 0; shift < 35; shift += 7)
            {
                var next = ReadByte();
                value |= (uint)(next & 0x7F) << shift;
                if (next < 0x80)
                {
                    return (int)value;
                }
            }

            throw new CorruptStoreException("A history row has a malformed number.");
        }

        public string? ReadString()
        {
            var length = ReadInt();
            return length == 0 ? null : Encoding.UTF8.GetString(Take(length - 1));
        }

        private ReadOnlySpan<byte> Take(int length)
        {
            if ((uint)length > (uint)_rest.Length)
            {
                throw new CorruptStoreException("A history row ends too early.");
            }

            var taken = _rest[..length];
            _rest = _rest[length..];
            return taken;
        }
    }
}
