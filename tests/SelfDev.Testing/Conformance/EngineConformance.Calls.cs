using SelfDev.Workflows.Engine;
using Xunit;

namespace SelfDev.Testing.Conformance;

/// <summary>Activities: order, fan-out, retries, failures, payloads.</summary>
public abstract partial class EngineConformance
{
    private static readonly Workflow<int, int> Flow = new("Flow");
    private static readonly Workflow<int, string> TextFlow = new("TextFlow");
    private static readonly Activity<int, int> AddOne = new("AddOne");
    private static readonly Activity<int, int> Flaky = new("Flaky");

    private WorkflowCatalog Catalog() =>
        new WorkflowCatalog().Add(AddOne, _ => Probe.Activity<int, int>(value => value + 1));

    [Fact]
    public async Task A_sequence_hands_each_result_to_the_next_step()
    {
        await Engine.StartAsync(
            Catalog()
                .Add(
                    Flow,
                    async (context, input) =>
                    {
                        var value = input;
                        for (var step = 0; step < 5; step++)
                        {
                            value = await context.CallActivityAsync(AddOne, value);
                        }

                        return value;
                    }
                )
        );

        Assert.Equal(15, Output<int>(await RunAsync(Flow, 10)));
        Assert.Equal(5, Probe.Keys.Distinct().Count());
    }

    [Fact]
    public async Task Fan_out_runs_all_branches_and_fan_in_keeps_their_order()
    {
        await Engine.StartAsync(
            Catalog()
                .Add(
                    Flow,
                    async (context, width) =>
                    {
                        var results = await Task.WhenAll(
                            Enumerable.Range(0, width).Select(branch => context.CallActivityAsync(AddOne, branch))
                        );
                        return results.Select((value, branch) => value == branch + 1 ? 1 : 0).Sum();
                    }
                )
        );

        Assert.Equal(50, Output<int>(await RunAsync(Flow, 50)));
    }

    [Fact]
    public async Task Branches_complete_in_any_order()
    {
        var held = new Activity<string, string>("Held");
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(
                    held,
                    _ =>
                        Probe.Activity<string, string>(
                            async (name, call) =>
                            {
                                await Probe.HoldAsync(name, call.Cancellation);
                                return name;
                            }
                        )
                )
                .Add(
                    TextFlow,
                    async (context, _) =>
                    {
                        var first = context.CallActivityAsync(held, "first");
                        var second = context.CallActivityAsync(held, "second");
                        var winner = await await Task.WhenAny(first, second);
                        context.SetCustomStatus(winner);
                        return winner + "," + string.Join(',', await Task.WhenAll(first, second));
                    }
                )
        );
        await Engine.Client.StartAsync(TextFlow, 0, "run", Cancellation);
        await Probe.ArrivedAsync("first");
        await Probe.ArrivedAsync("second");

        Probe.Release("second");
        await ReachedAsync("run", "second");
        Probe.Release("first");

        Assert.Equal("second,first,second", Output<string>(await FinishAsync("run")));
    }

    [Fact]
    public async Task A_retry_backs_off_and_keeps_the_idempotency_key()
    {
        var runs = 0;
        var policy = new RetryPolicy(4, Tick, BackoffCoefficient: 2);
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(
                    Flaky,
                    _ =>
                        Probe.Activity<int, int>(
                            async (value, call) =>
                            {
                                var run = Interlocked.Increment(ref runs);
                                await Probe.HoldAsync("run" + run, call.Cancellation);
                                return run < 3 ? throw new TimeoutException("run " + run) : value + run;
                            }
                        )
                )
                .Add(
                    Flow,
                    async (context, input) =>
                    {
                        var started = context.CurrentUtcDateTime;
                        var value = await context.CallActivityAsync(Flaky, input, policy);
                        return context.CurrentUtcDateTime - started >= policy.DelayBefore(2) + policy.DelayBefore(3)
                            ? value
                            : -1;
                    }
                )
        );
        await Engine.Client.StartAsync(Flow, 10, "run", Cancellation);

        for (var run = 1; run <= 3; run++)
        {
            await Probe.ArrivedAsync("run" + run);
            Probe.Release("run" + run);
            await LetRetryComeAsync(run);
        }

        Assert.Equal(13, Output<int>(await FinishAsync("run")));
        Assert.Equal(3, Probe.Keys.Count);
        Assert.Single(Probe.Keys.Distinct());

        // The failure reaches the engine a moment after the activity threw; time must not pass before the retry's timer
        // is set.
        async Task LetRetryComeAsync(int run)
        {
            while (run < 3 && !Probe.HasArrived("run" + (run + 1)))
            {
                await Engine.AdvanceAsync(policy.DelayBefore(run + 1));
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task Retries_end_with_the_last_failure()
    {
        await Engine.StartAsync(
            FailingCatalog(new RetryPolicy(2, TimeSpan.Zero), () => new TimeoutException("still down"))
        );

        Assert.Equal("Flaky:System.TimeoutException:still down", Output<string>(await RunAsync(TextFlow, 0)));
        Assert.Equal(2, Probe.Keys.Count);
    }

    [Fact]
    public async Task A_non_retryable_failure_is_not_tried_again()
    {
        await Engine.StartAsync(
            FailingCatalog(new RetryPolicy(5, TimeSpan.Zero), () => new NonRetryableException("no access"))
        );

        Assert.Equal(
            $"Flaky:{typeof(NonRetryableException).FullName}:no access",
            Output<string>(await RunAsync(TextFlow, 0))
        );
        Assert.Single(Probe.Keys);
    }

    [Fact]
    public async Task A_policy_can_name_failures_that_no_retry_mends()
    {
        var policy = new RetryPolicy(5, TimeSpan.Zero) { NonRetryableErrorTypes = [typeof(FormatException).FullName!] };
        await Engine.StartAsync(
            FailingCatalog(policy, () => new InvalidOperationException("outer", new FormatException("inner")))
        );

        Assert.Equal("Flaky:System.InvalidOperationException:outer", Output<string>(await RunAsync(TextFlow, 0)));
        Assert.Single(Probe.Keys);
    }

    [Fact]
    public async Task An_uncaught_failure_fails_the_instance()
    {
        await Engine.StartAsync(new WorkflowCatalog().Add(Flow, (_, _) => throw new FormatException("bad input")));

        var instance = await RunAsync(Flow, 0);

        Assert.Equal(WorkflowStatus.Failed, instance.Status);
        Assert.Contains("bad input", instance.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_payload_over_the_limit_is_refused_wherever_it_enters()
    {
        var large = new string('x', Payload.MaxBytes);
        var big = new Activity<string, string>("Big");
        var refusals = new Workflow<string, string>("Refusals");
        await Engine.StartAsync(
            new WorkflowCatalog()
                .Add(
                    big,
                    _ =>
                        Probe.Activity<string, string>(input =>
                            input == "grow" ? new string('y', Payload.MaxBytes) : input
                        )
                )
                .Add(
                    refusals,
                    async (context, input) =>
                    {
                        var refused = new List<string>();
                        await Expect("input", () => context.CallActivityAsync(big, new string('x', Payload.MaxBytes)));
                        await Expect("output", () => context.CallActivityAsync(big, "grow"));
                        await Expect(
                            "status",
                            () =>
                            {
                                context.SetCustomStatus(new string('x', Payload.MaxBytes));
                                return Task.CompletedTask;
                            }
                        );
                        return string.Join(',', refused);

                        async Task Expect(string where, Func<Task> act)
                        {
                            try
                            {
                                await act();
                            }
                            catch (PayloadTooLargeException)
                            {
                                refused.Add(where);
                            }
                            catch (WorkflowTaskFailedException failed)
                                when (failed.Failure.ErrorType == typeof(PayloadTooLargeException).FullName)
                            {
                                refused.Add(where);
                            }
                        }
                    }
                )
        );

        await Assert.ThrowsAsync<PayloadTooLargeException>(() =>
            Engine.Client.StartAsync(refusals, large, "large", Cancellation)
        );
        Assert.Null(await Engine.Client.GetAsync("large", Cancellation));
        Assert.Equal("input,output,status", Output<string>(await RunAsync(refusals, "small")));
        await Assert.ThrowsAsync<PayloadTooLargeException>(() =>
            Engine.Client.RaiseEventAsync("run", new WorkflowEvent<string>("e"), large, Cancellation)
        );
    }

    private WorkflowCatalog FailingCatalog(RetryPolicy policy, Func<Exception> failure) =>
        new WorkflowCatalog()
            .Add(Flaky, _ => Probe.Activity<int, int>(int (_) => throw failure()))
            .Add(
                TextFlow,
                async (context, _) =>
                {
                    try
                    {
                        await context.CallActivityAsync(Flaky, 0, policy);
                        return "no failure";
                    }
                    catch (WorkflowTaskFailedException failed)
                    {
                        return $"{failed.TaskName}:{failed.Failure.ErrorType}:{failed.Failure.Message}";
                    }
                }
            );
}
