using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Local.Engine;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Tests.Engine;

/// <summary>
/// Random workflows against a plain function: a program of letters is run by the engine, crashed at a random commit,
/// gone on with, and must return what the function returns, having run every step's effect under one key each.
/// </summary>
public sealed class RandomWorkflowTests
{
    // a: activity; f: fan-out of three; c: the rest of the program as a child; t: timer; e: wait for an event; n:
    // continue as new; r: an activity that fails at its first run, retried.
    private const string Letters = "aafcternaa";

    private static readonly Workflow<Job, int> Program = new("Program");
    private static readonly Activity<int, int> AddOne = new("AddOne");
    private static readonly Activity<int, int> Flaky = new("Flaky");
    private static readonly WorkflowEvent<int> Poke = new("poke");

    [Fact]
    public void A_random_workflow_with_a_random_crash_returns_what_a_plain_function_does()
    {
        var cases =
            from length in Gen.Choose(1, 8)
            from letters in Gen.Elements(Letters.ToCharArray()).ArrayOf(length)
            from crash in Gen.Choose(0, 60)
            from cache in Gen.Elements(1, 100)
            select (Text: new string(letters), Crash: crash, Cache: cache);
        Prop.ForAll(cases.ToArbitrary(), one => RunAsync(one.Text, one.Crash, one.Cache).GetAwaiter().GetResult())
            .Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    private static async Task RunAsync(string program, int crashAt, int cache)
    {
        var folder = Path.Combine(Path.GetTempPath(), "selfdev-random-" + Path.GetRandomFileName());
        var effects = new Effects();
        try
        {
            var points = 0;
            await RunOnceAsync(
                program,
                folder,
                effects,
                new EmbeddedEngineOptions
                {
                    DataFolder = folder,
                    MaxCachedInstances = cache,
                    Probe = _ =>
                    {
                        if (points++ == crashAt)
                        {
                            throw new CrashException();
                        }
                    },
                }
            );
            var output = await RunOnceAsync(
                program,
                folder,
                effects,
                new EmbeddedEngineOptions { DataFolder = folder, MaxCachedInstances = cache }
            );
            Assert.Equal(Model(program), output);
            Assert.Equal(Steps(program), effects.Keys);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <returns>Null when the engine crashed on the way.</returns>
    private static async Task<int?> RunOnceAsync(
        string program,
        string folder,
        Effects effects,
        EmbeddedEngineOptions options
    )
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        using var engine = new EmbeddedEngine(options, Catalog(effects), services, NullLoggerFactory.Instance);
        try
        {
            await engine.StartAsync(CancellationToken.None);
            await engine.StartAsync(Program, new Job(program, 0), "run", CancellationToken.None);
            var done = engine.WaitForCompletionAsync("run", CancellationToken.None);

            // One event for each that is waited for, child or not; what a crash left unanswered is raised again and
            // buffered.
            foreach (
                var id in Enumerable
                    .Range(0, program.Count(letter => letter == 'c') + 1)
                    .Select(depth => "run" + new string('/', depth))
            )
            {
                await PokeWhenThereAsync(engine, id, program.Length, done);
            }

            return Payload.Deserialize<int>((await done.WaitAsync(TimeSpan.FromSeconds(60))).Output);
        }
        catch (Exception exception) when (exception is EngineStoppedException or CrashException)
        {
            return null;
        }
        finally
        {
            await engine.StopAsync(CancellationToken.None);
        }
    }

    private static async Task PokeWhenThereAsync(EmbeddedEngine engine, string id, int times, Task done)
    {
        while (!done.IsCompleted && await engine.GetAsync(id, CancellationToken.None) is null)
        {
            await Task.Yield();
        }

        for (var time = 0; time < times && !done.IsCompleted; time++)
        {
            await engine.RaiseEventAsync(id, Poke, 1, CancellationToken.None);
        }
    }

    private static WorkflowCatalog Catalog(Effects effects) =>
        new WorkflowCatalog()
            .Add(AddOne, _ => new Step(effects, fails: false))
            .Add(Flaky, _ => new Step(effects, fails: true))
            .Add(Program, InterpretAsync);

    private static async Task<int> InterpretAsync(IWorkflowContext context, Job job)
    {
        var value = job.Value;
        for (var at = 0; at < job.Text.Length; at++)
        {
            var rest = job.Text[(at + 1)..];
            switch (job.Text[at])
            {
                case 'a':
                    value = await context.CallActivityAsync(AddOne, value);
                    break;
                case 'f':
                    value = (
                        await Task.WhenAll(
                            Enumerable.Range(0, 3).Select(part => context.CallActivityAsync(AddOne, value + part))
                        )
                    ).Max();
                    break;
                case 'c':
                    return 2 * await context.CallWorkflowAsync(Program, new Job(rest, value), context.InstanceId + "/");
                case 't':
                    await context.CreateTimer(TimeSpan.FromMilliseconds(1));
                    break;
                case 'e':
                    value += await context.WaitForExternalEvent(Poke);
                    break;
                case 'n':
                    context.ContinueAsNew(new Job(rest, value));
                    return 0;
                case 'r':
                    value = await context.CallActivityAsync(
                        Flaky,
                        value,
                        new RetryPolicy(3, TimeSpan.FromMilliseconds(1))
                    );
                    break;
            }
        }

        return value;
    }

    private static int Model(string program, int value = 0)
    {
        for (var at = 0; at < program.Length; at++)
        {
            switch (program[at])
            {
                case 'a' or 'r' or 'e':
                    value++;
                    break;
                case 'f':
                    value += 3;
                    break;
                case 'c':
                    return 2 * Model(program[(at + 1)..], value);
            }
        }

        return value;
    }

    private static int Steps(string program) =>
        program.Sum(letter =>
            letter switch
            {
                'a' or 'r' => 1,
                'f' => 3,
                _ => 0,
            }
        );

    private sealed record Job(string Text, int Value);

    private sealed class Effects
    {
        private readonly Dictionary<string, int> _runs = new(StringComparer.Ordinal);

        public int Keys
        {
            get
            {
                lock (_runs)
                {
                    return _runs.Count;
                }
            }
        }

        public int Run(string key)
        {
            lock (_runs)
            {
                return _runs[key] = _runs.GetValueOrDefault(key) + 1;
            }
        }
    }

    private sealed class Step(Effects effects, bool fails) : IActivity<int, int>
    {
        public Task<int> RunAsync(int input, ActivityContext context) =>
            effects.Run(context.IdempotencyKey) == 1 && fails
                ? Task.FromException<int>(new TimeoutException("first run"))
                : Task.FromResult(input + 1);
    }
}
