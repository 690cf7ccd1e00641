using FsCheck;
using FsCheck.Fluent;
using SelfDev.Workflows.Analysts;

namespace SelfDev.Workflows.Tests.Analysts;

public class TokenBudgetTests
{
    [Fact]
    public void What_is_reserved_cannot_be_reserved_again_until_settled()
    {
        var budget = new TokenBudget(100);

        var first = budget.TryReserve("run", 60)!;
        Assert.Null(budget.TryReserve("run", 41));
        Assert.NotNull(budget.TryReserve("other", 100));
        first.Settle(10);

        Assert.NotNull(budget.TryReserve("run", 90));
        Assert.Null(budget.TryReserve("run", 1));
    }

    [Fact]
    public void A_lost_call_counts_in_full_and_settling_twice_counts_once()
    {
        var budget = new TokenBudget(100);

        using (budget.TryReserve("run", 30)) { }

        var second = budget.TryReserve("run", 20)!;
        second.Settle(5);
        second.Dispose();

        Assert.Equal(35, budget.Spent("run"));
    }

    [Fact]
    public void Whatever_calls_run_at_once_they_never_spend_more_than_the_budget()
    {
        var calls = Gen.Two(Gen.Choose(0, 100)).NonEmptyListOf().ToArbitrary();
        Prop.ForAll(
                calls,
                costs =>
                {
                    var budget = new TokenBudget(300);
                    long spent = 0;
                    Parallel.ForEach(
                        costs,
                        new ParallelOptions { MaxDegreeOfParallelism = 8 },
                        cost =>
                        {
                            var (worst, share) = cost;
                            using var reservation = budget.TryReserve("run", worst);
                            if (reservation is not null)
                            {
                                var actual = worst * share / 100;
                                Interlocked.Add(ref spent, actual);
                                reservation.Settle(actual);
                            }
                        }
                    );
                    return spent <= 300 && budget.Spent("run") == spent;
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Old_runs_are_forgotten_but_never_one_with_a_call_under_way()
    {
        var budget = new TokenBudget(100);
        var open = budget.TryReserve("first", 100)!;
        for (var run = 0; run < TokenBudget.RememberedRuns + 10; run++)
        {
            budget.TryReserve($"run-{run}", 10)!.Settle(10);
        }

        Assert.Null(budget.TryReserve("first", 1));
        Assert.Equal(0, budget.Spent("run-0"));
        Assert.Equal(10, budget.Spent($"run-{TokenBudget.RememberedRuns}"));
        open.Settle(0);
    }
}
