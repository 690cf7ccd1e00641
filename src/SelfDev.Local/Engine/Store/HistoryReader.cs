using SelfDev.Local.Sqlite;

namespace SelfDev.Local.Engine.Store;

/// <summary>Reads the rows of one history and proves that they are all there and unchanged.</summary>
internal static class HistoryReader
{
    /// <param name="rows">Selects position, data and checksum of one instance in order of position.</param>
    /// <returns>How many inbound events the code had processed.</returns>
    /// <exception cref="CorruptStoreException">A row is missing, changed or too many.</exception>
    public static int Read(
        Statement rows,
        long sequence,
        int generation,
        int batches,
        ulong tail,
        List<HistoryEvent> into
    )
    {
        var processed = 0;
        var position = 0;
        ulong before = 0;
        try
        {
            rows.Bind(sequence);
            while (rows.Step())
            {
                var data = rows.Blob(1);
                var checksum = rows.UInt64(2);
                if (rows.Int64(0) != position)
                {
                    throw new CorruptStoreException($"History row {position} is missing.");
                }

                if (Checksums.History(sequence, generation, position, before, data) != checksum)
                {
                    throw new CorruptStoreException(
                        $"History row {position} is not what was written: its checksum does not match."
                    );
                }

                processed = HistoryCodec.Decode(data, into);
                before = checksum;
                position++;
            }
        }
        finally
        {
            rows.Reset();
        }

        return position == batches && before == tail
            ? processed
            : throw new CorruptStoreException($"The history has {position} rows, {batches} were written.");
    }
}
