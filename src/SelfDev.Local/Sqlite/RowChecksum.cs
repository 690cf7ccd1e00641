using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace SelfDev.Local.Sqlite;

/// <summary>XXH3 (64 bit) over what a row says, so that a changed byte is seen. SQLite itself checks only its
/// write-ahead log.</summary>
internal static class RowChecksum
{
    /// <summary>Of a row that has a name and content; covers both, so that content under another name is seen
    /// too.</summary>
    public static ulong Of(string name, ReadOnlySpan<byte> content) =>
        XxHash3.HashToUInt64(content, unchecked((long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(name.AsSpan()))));
}
