using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Hosting;
using SelfDev.Functions.Triggers;
using SelfDev.Web;
using SelfDev.Workflows.Engine;

namespace SelfDev.Functions.Hosting;

/// <summary>
/// Refuses to start an app in which a workflow, an activity or a route has no function: an orchestration that calls a
/// missing activity would be retried for ever.
/// </summary>
internal sealed class StartupCheck(WorkflowCatalog catalog) : IHostedService
{
    /// <exception cref="InvalidOperationException">Names what is missing.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var missing = Missing(typeof(WorkflowFunctions), catalog.Workflows.Keys)
            .Concat(Missing(typeof(ActivityFunctions), catalog.Activities.Keys))
            .Concat(Missing(typeof(HttpFunctions), WebRoutes.All.Select(route => route.Name)))
            .ToList();
        return missing.Count == 0
            ? Task.CompletedTask
            : throw new InvalidOperationException(
                $"No function for: {string.Join(", ", missing)}. Add one to src/SelfDev.Functions/Triggers."
            );
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Names of the functions that a class declares.</summary>
    public static IEnumerable<string> FunctionsOf(Type triggers) =>
        triggers.GetMethods().Select(method => method.GetCustomAttribute<FunctionAttribute>()?.Name).OfType<string>();

    private static IEnumerable<string> Missing(Type triggers, IEnumerable<string> names) =>
        names.Except(FunctionsOf(triggers), StringComparer.Ordinal);
}
