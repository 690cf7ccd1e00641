using System.Buffers.Binary;

namespace SelfDev.Local.Sqlite;

/// <summary>
/// Looks at the write-ahead log before SQLite does. SQLite takes the log up to the first frame whose checksum does not
/// match, and drops the rest without a word. That is right for the torn end that a crash leaves, and wrong for a
/// changed byte further up: commits that were acknowledged would vanish. One commit ends (fsync) before the next
/// begins, so at most the last one can be torn: when whole frames of a later commit follow the bad one, the log was
/// damaged, and the engine refuses it. Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
/// </summary>
internal static class WalInspector
{
    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 24;
    private const uint MagicLittleEndian = 0x377F0682;
    private const uint MagicBigEndian = 0x377F0683;

    /// <exception cref="CorruptStoreException">Committed frames are damaged.</exception>
    public static void Check(string walPath)
    {
        if (!File.Exists(walPath))
        {
            return;
        }

        using var wal = new FileStream(walPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var header = new byte[HeaderBytes];
        if (wal.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes || wal.Length == HeaderBytes)
        {
            return;
        }

        var magic = Big(header, 0);
        var pageSize = (int)Big(header, 8);
        var sum = (S1: 0u, S2: 0u);
        var knownMagic = magic is MagicLittleEndian or MagicBigEndian;
        if (knownMagic)
        {
            sum = Checksum(sum, header.AsSpan(0, 24), magic == MagicBigEndian);
        }

        // The header is 32 bytes in one sector, made durable before the first frame: it is never torn.
        if (!knownMagic || sum != (Big(header, 24), Big(header, 28)) || pageSize is < 512 or > 65536)
        {
            throw Damaged(walPath, "its header is not what was written");
        }

        CheckFrames(walPath, wal, header, pageSize, magic == MagicBigEndian, sum);
    }

    private static void CheckFrames(
        string walPath,
        FileStream wal,
        byte[] header,
        int pageSize,
        bool bigEndian,
        (uint S1, uint S2) sum
    )
    {
        var frame = new byte[FrameHeaderBytes + pageSize];
        var firstBad = -1;
        var commitEnded = false;
        var lastWasCommit = false;
        for (var index = 0; wal.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length; index++)
        {
            // Frame checksums are cumulative. Behind a bad frame the one that it stores is taken as the start, so that
            // whole frames are recognised there. Left-overs of an earlier round of the log have other salts.
            var stored = (Big(frame, 16), Big(frame, 20));
            var ofThisRound = frame.AsSpan(8, 8).SequenceEqual(header.AsSpan(16, 8));
            var chained =
                ofThisRound
                && Checksum(Checksum(sum, frame.AsSpan(0, 8), bigEndian), frame.AsSpan(FrameHeaderBytes), bigEndian)
                    == stored;
            if (firstBad >= 0 && ((ofThisRound && commitEnded) || (chained && lastWasCommit)))
            {
                throw Damaged(walPath, $"frame {firstBad}, of a commit that others followed, is not what was written");
            }

            if (!chained && firstBad < 0)
            {
                firstBad = index;
            }

            lastWasCommit = Big(frame, 4) != 0;
            commitEnded |= firstBad >= 0 && ofThisRound && lastWasCommit;
            sum = stored;
        }
    }

    /// <summary>The log's own checksum: two running sums over pairs of 32-bit words.</summary>
    private static (uint S1, uint S2) Checksum((uint S1, uint S2) sum, ReadOnlySpan<byte> data, bool bigEndian)
    {
        var (s1, s2) = sum;
        for (var at = 0; at < data.Length; at += 8)
        {
            s1 += Word(data[at..], bigEndian) + s2;
            s2 += Word(data[(at + 4)..], bigEndian) + s1;
        }

        return (s1, s2);
    }

    private static uint Word(ReadOnlySpan<byte> data, bool bigEndian) =>
        bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(data) : BinaryPrimitives.ReadUInt32LittleEndian(data);

    private static uint Big(byte[] data, int at) => BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(at));

    private static CorruptStoreException Damaged(string path, string what) =>
        new(
            $"The write-ahead log '{path}' is damaged: {what}. Opening it would lose acknowledged steps. Restore the "
                + $"data folder from a copy."
        );
}
