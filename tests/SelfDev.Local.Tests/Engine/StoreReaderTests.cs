using System.Globalization;
using SelfDev.Local.Engine;
using SelfDev.Local.Engine.Store;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Tests.Engine;

/// <summary>Queries over more instances than a page, or a look at the newest, holds: what comes is what the definition
/// says.</summary>
public sealed class StoreReaderTests : IDisposable
{
    private const int Instances = 7_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-reader-").FullName;
    private readonly List<(string Id, WorkflowStatus Status)> _all = [];

    private string FilePath => Path.Combine(_folder, "engine.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // Rare ones lie far back, beyond what is looked at first; common ones everywhere.
    public static TheoryData<string?, WorkflowStatus[], int> Queries =>
        new()
        {
            { null, [], 3 },
            { null, [], 450 },
            { "run-", [], 450 },
            { "rare-", [], 3 },
            { "rare-", [], 450 },
            { "run-1", [], 250 },
            { null, [WorkflowStatus.Failed], 3 },
            { null, [WorkflowStatus.Failed, WorkflowStatus.Quarantined], 450 },
            { null, [WorkflowStatus.Completed], 450 },
            { null, [WorkflowStatus.Completed, WorkflowStatus.Completed], 5 },
            { "run-", [WorkflowStatus.Failed], 450 },
            { "rare-", [WorkflowStatus.Running, WorkflowStatus.Completed], 450 },
            { "none", [], 5 },
            { null, [WorkflowStatus.Suspended], 5 },
        };

    [Theory]
    [MemberData(nameof(Queries))]
    public void The_newest_are_those_of_the_definition(string? prefix, WorkflowStatus[] statuses, int limit)
    {
        Fill();
        using var reader = new StoreReader(FilePath);
        var query = new WorkflowQuery(prefix, statuses, limit, NewestFirst: true);
        var matching = _all.Where(instance =>
            (prefix is null || instance.Id.StartsWith(prefix, StringComparison.Ordinal))
            && (statuses.Length == 0 || statuses.Contains(instance.Status))
        );

        Assert.Equal(
            matching.Reverse().Take(limit).Select(instance => instance.Id),
            Read(reader, query, long.MaxValue)
        );
        Assert.Equal(
            matching.Take(limit).Select(instance => instance.Id),
            Read(reader, query with { NewestFirst = false }, 0)
        );
    }

    [Fact]
    public void A_store_of_the_version_before_gets_the_index_and_keeps_what_it_holds()
    {
        Fill();
        using (var connection = SqliteFile.OpenReader(FilePath))
        {
            SqliteFile.Execute(connection, "DROP INDEX state_of_status; PRAGMA user_version = 1");
        }

        SqliteFile.OpenWriter(FilePath, StoreSchema.Schema, 1000).Dispose();
        using var reader = new StoreReader(FilePath);
        Assert.Equal(
            _all.Where(instance => instance.Status == WorkflowStatus.Failed).Reverse().Select(instance => instance.Id),
            Read(reader, new WorkflowQuery(null, [WorkflowStatus.Failed], Instances, NewestFirst: true), long.MaxValue)
        );
    }

    // In pages, as the engine asks.
    private static List<string> Read(StoreReader reader, WorkflowQuery query, long behind)
    {
        var ids = new List<string>();
        while (ids.Count < query.Limit)
        {
            var size = Math.Min(query.Limit!.Value - ids.Count, StoreReader.PageSize);
            var page = reader.Page(query, behind, size);
            ids.AddRange(page.Select(row => row.Instance.InstanceId));
            if (page.Count < size)
            {
                break;
            }

            behind = page[^1].Sequence;
        }

        return ids;
    }

    private void Fill()
    {
        using var store = new EngineStore(new EmbeddedEngineOptions { DataFolder = _folder });
        store.Begin();
        for (var number = 0; number < Instances; number++)
        {
            var isRare = number % 97 == 0 && number < 1_000;
            var id = string.Create(CultureInfo.InvariantCulture, $"{(isRare ? "rare" : "run")}-{number}");
            var status =
                number < 20 ? WorkflowStatus.Failed
                : number % 1_000 == 500 ? WorkflowStatus.Quarantined
                : number % 7 == 0 ? WorkflowStatus.Running
                : WorkflowStatus.Completed;
            store.Write(
                new InstanceSlot(store.TakeSequence(), id, "Flow", "1.0", DateTime.UnixEpoch.AddSeconds(number), null)
                {
                    IsNew = true,
                    Status = status,
                    UpdatedAt = DateTime.UnixEpoch.AddSeconds(number),
                    Input = "1",
                }
            );
            _all.Add((id, status));
        }

        store.Commit();
        store.Checkpoint();
    }
}
