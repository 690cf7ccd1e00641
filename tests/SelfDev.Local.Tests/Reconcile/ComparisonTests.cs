using SelfDev.Core.Ledger;
using SelfDev.Local.Reconcile;
using SelfDev.Workflows.Ports;
using Parts = SelfDev.Local.Reconcile.Parts;

namespace SelfDev.Local.Tests.Reconcile;

/// <summary>
/// What belongs together and what does not, part by part; and every state that a crash can leave, of which none is
/// refused.
/// </summary>
public class ComparisonTests
{
    private const long Set = 4711;
    private const string Root = "aa";

    private static readonly string[] All = [Parts.Engine, Parts.Trust, Parts.Ledger, Parts.Artifacts, Parts.Storage];

    public static TheoryData<string> EveryPart => [.. All];

    [Fact]
    public void A_folder_as_it_was_left_is_fine_and_so_is_a_new_one()
    {
        Assert.Empty(Comparison.Of(Left()));
        Assert.Empty(
            Comparison.Of(new Evidence(null, [.. All.Select(New)], 0, new Dictionary<long, string>(), null, null))
        );
    }

    [Theory]
    [MemberData(nameof(EveryPart))]
    public void A_part_that_was_deleted_or_emptied_is_named(string part)
    {
        var problem = Assert.Single(Comparison.Of(With(Left(), part, _ => New(part))));

        Assert.Equal(part, problem.Part);
        Assert.Contains("missing or was emptied", problem.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(EveryPart))]
    public void A_part_of_another_folder_is_named(string part)
    {
        var problem = Assert.Single(
            Comparison.Of(With(Left(), part, facts => facts with { Mark = facts.Mark! with { Set = 1 } }))
        );

        Assert.Equal(part, problem.Part);
        Assert.Contains("another data folder", problem.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(EveryPart))]
    public void A_copy_from_before_the_last_start_is_named(string part)
    {
        var problem = Assert.Single(
            Comparison.Of(With(Left(), part, facts => facts with { Mark = facts.Mark! with { Start = 4 } }))
        );

        Assert.Equal(part, problem.Part);
        Assert.Contains("older copy", problem.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Parts.Engine)]
    [InlineData(Parts.Trust)]
    [InlineData(Parts.Ledger)]
    [InlineData(Parts.Artifacts)]
    public void A_copy_from_earlier_in_the_same_start_is_named(string part)
    {
        var problem = Assert.Single(
            Comparison.Of(With(Left(), part, facts => facts with { Mark = facts.Mark! with { Commits = 99 } }))
        );

        Assert.Equal(part, problem.Part);
        Assert.Contains("99 of 100 changes", problem.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(EveryPart))]
    public void Without_the_file_of_what_was_seen_the_parts_still_hold_each_other(string part)
    {
        var evidence = Left() with { Seen = null };
        Assert.Empty(Comparison.Of(evidence));

        var changed = Comparison.Of(
            With(evidence, part, facts => facts with { Mark = facts.Mark! with { Start = 4 } })
        );
        var gone = Comparison.Of(With(evidence, part, _ => New(part)));
        // Storage is not always a part, so that nothing can be said of it without the file.
        Assert.Equal(part == Parts.Storage ? [] : [part], changed.Select(problem => problem.Part));
        Assert.Equal(part == Parts.Storage ? [] : [part], gone.Select(problem => problem.Part));
    }

    [Fact]
    public void With_an_older_copy_of_that_file_the_parts_are_believed()
    {
        var left = Left();
        var starts = All.ToDictionary(part => part, _ => 3L);
        var stale = left with { Seen = left.Seen! with { Start = 3, Starts = starts } };

        Assert.Empty(Comparison.Of(stale));
        Assert.Equal(
            [Parts.Trust],
            Comparison
                .Of(With(stale, Parts.Trust, facts => facts with { Mark = facts.Mark! with { Start = 3 } }))
                .Select(problem => problem.Part)
        );
    }

    [Fact]
    public void A_ledger_behind_a_receipt_or_a_head_or_with_another_root_is_named()
    {
        Assert.Contains(
            "the engine's newest receipt covers 42",
            Single(Left() with { Receipt = new LedgerReceipt(41, 42, Root) }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "the last head that was seen covers 42",
            Single(Left() with { LastHead = Head(42, Root) }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "is another one",
            Single(Left() with { Receipt = new LedgerReceipt(39, 40, "bb") }),
            StringComparison.Ordinal
        );
        Assert.Contains("is another one", Single(Left() with { LastHead = Head(40, "bb") }), StringComparison.Ordinal);
        Assert.Empty(
            Comparison.Of(Left() with { Receipt = new LedgerReceipt(39, 40, Root), LastHead = Head(40, Root) })
        );

        static string Single(Evidence evidence)
        {
            var problem = Assert.Single(Comparison.Of(evidence));
            Assert.Equal(Parts.Ledger, problem.Part);
            return problem.Text;
        }
    }

    [Fact]
    public void The_folder_of_an_earlier_version_is_named_as_such()
    {
        var engine = New(Parts.Engine) with { Exists = true, HasContent = true };

        var problem = Assert.Single(
            Comparison.Of(
                With(
                    new Evidence(null, [.. All.Select(New)], 0, new Dictionary<long, string>(), null, null),
                    Parts.Engine,
                    _ => engine
                )
            )
        );

        Assert.Contains("earlier version", problem.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Wherever_a_start_is_cut_off_the_next_one_is_not_refused()
    {
        // The first start: nothing was there, some parts have been made, some of those marked.
        for (var made = 0; made <= All.Length; made++)
        {
            for (var marked = 0; marked <= made; marked++)
            {
                var seen = new LastSeen
                {
                    Set = Set,
                    Start = 1,
                    IsOpening = true,
                    Starts = new Dictionary<string, long>(),
                    Commits = new Dictionary<string, long>(),
                };
                var parts = All.Select(
                    (part, index) =>
                        New(part) with
                        {
                            Exists = index < made,
                            HasContent = index < made,
                            Mark = index < marked ? new PartMark(Set, 1, 3) : null,
                        }
                );
                Assert.Empty(
                    Comparison.Of(new Evidence(seen, [.. parts], 0, new Dictionary<long, string>(), null, null))
                );
            }
        }

        // A later one: the file was written, some parts are marked.
        var left = Left();
        var opening = left.Seen! with { Start = 6, IsOpening = true };
        for (var marked = 0; marked <= All.Length; marked++)
        {
            var parts = left.Parts.Select(
                (facts, index) => index < marked ? facts with { Mark = facts.Mark! with { Start = 6 } } : facts
            );
            Assert.Empty(Comparison.Of(left with { Seen = opening, Parts = [.. parts] }));
        }
    }

    [Fact]
    public void What_ran_on_after_it_was_last_seen_is_ahead_and_never_refused()
    {
        var left = Left();
        var ahead = left with
        {
            Parts = [.. left.Parts.Select(facts => facts with { Mark = facts.Mark! with { Commits = 5_000 } })],
            LedgerSize = 77,
            LedgerRoots = new Dictionary<long, string> { [40] = Root },
            Receipt = new LedgerReceipt(39, 40, Root),
            LastHead = Head(40, Root),
        };

        Assert.Empty(Comparison.Of(ahead));
    }

    [Fact]
    public void Storage_of_somebody_else_for_a_while_takes_nothing_from_our_own()
    {
        var left = Left();
        var later = left.Seen! with
        {
            Start = 8,
            Starts = left.Seen.Starts.ToDictionary(start => start.Key, start => start.Key == Parts.Storage ? 5L : 8L),
        };
        var parts = left.Parts.Select(facts =>
            facts.Part == Parts.Storage ? facts : facts with { Mark = facts.Mark! with { Start = 8 } }
        );

        Assert.Empty(Comparison.Of(left with { Seen = later, Parts = [.. parts] }));
    }

    private static Evidence Left() =>
        new(
            new LastSeen
            {
                Set = Set,
                Start = 5,
                Starts = All.ToDictionary(part => part, _ => 5L),
                Commits = All.Where(part => part != Parts.Storage).ToDictionary(part => part, _ => 100L),
            },
            [.. All.Select(part => new PartFacts(part, part + ".db", true, new PartMark(Set, 5, 100), true))],
            41,
            new Dictionary<long, string> { [40] = Root, [41] = "cc" },
            null,
            null
        );

    private static PartFacts New(string part) => new(part, part + ".db", false, null, false);

    private static Evidence With(Evidence evidence, string part, Func<PartFacts, PartFacts> change) =>
        evidence with
        {
            Parts = [.. evidence.Parts.Select(facts => facts.Part == part ? change(facts) : facts)],
        };

    private static SignedTreeHead Head(long size, string root) => new(size, root, DateTimeOffset.UnixEpoch, "k", "");
}
