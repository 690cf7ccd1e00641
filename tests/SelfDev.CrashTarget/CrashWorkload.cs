using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SelfDev.Workflows.Engine;

namespace SelfDev.CrashTarget;

/// <summary>
/// A workflow that uses everything: steps, fan-out, timer, event, child, continue-as-new. Each step's effect is a file
/// named by its idempotency key, so that an effect that ran twice is still one; each run of it is a line in that file.
/// </summary>
public static class CrashWorkload
{
    public static Workflow<int, int> Parent { get; } = new("CrashParent");

    public static WorkflowEvent<int> Go { get; } = new("go");

    /// <value>Steps of one instance, children included: 2 before, 3 in parallel, 2 in the child, 1 in the second
    /// generation.</value>
    public static int StepsAnInstance => 8;

    private static readonly Workflow<int, int> Child = new("CrashChild");
    private static readonly Activity<int, int> AddOne = new("CrashAddOne");

    public static string Id(int index) => "crash/" + index.ToString(CultureInfo.InvariantCulture);

    /// <summary>What instance <paramref name="input"/> must return.</summary>
    public static int Expected(int input) => SecondGeneration(input) + 1;

    public static WorkflowCatalog Catalog(string effectsFolder)
    {
        Directory.CreateDirectory(effectsFolder);
        return new WorkflowCatalog()
            .Add(AddOne, _ => new Effect(effectsFolder))
            .Add(
                Child,
                async (context, input) =>
                    await context.CallActivityAsync(AddOne, await context.CallActivityAsync(AddOne, input))
            )
            .Add(Parent, RunAsync);
    }

    private static async Task<int> RunAsync(IWorkflowContext context, int input)
    {
        if (input >= 1_000_000)
        {
            return await context.CallActivityAsync(AddOne, input);
        }

        var value = await context.CallActivityAsync(AddOne, input);
        value = await context.CallActivityAsync(AddOne, value);
        var parts = await Task.WhenAll(
            Enumerable.Range(0, 3).Select(part => context.CallActivityAsync(AddOne, value + part))
        );
        await context.CreateTimer(TimeSpan.FromMilliseconds(5));
        var child = await context.CallWorkflowAsync(Child, parts.Sum());
        var told = await context.WaitForExternalEvent(Go);
        context.ContinueAsNew(1_000_000 + child + told);
        return 0;
    }

    private static int SecondGeneration(int input) => 1_000_000 + (3 * (input + 2)) + 3 + 3 + 2 + input;

    private sealed class Effect(string folder) : IActivity<int, int>
    {
        public async Task<int> RunAsync(int input, ActivityContext context)
        {
            var name = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(context.IdempotencyKey)), 0, 8);
            await File.AppendAllTextAsync(
                Path.Combine(folder, name),
                context.IdempotencyKey + "\n",
                context.Cancellation
            );
            return input + 1;
        }
    }
}
