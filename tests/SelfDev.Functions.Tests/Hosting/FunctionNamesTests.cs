using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using SelfDev.Functions.Hosting;
using SelfDev.Functions.Triggers;
using SelfDev.Web;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Hosting;

namespace SelfDev.Functions.Tests.Hosting;

/// <summary>The app has a function for everything that there is, and for nothing else.</summary>
public sealed class FunctionNamesTests
{
    private static readonly WorkflowCatalog Catalog = SelfDevCatalog.Create();

    [Fact]
    public void Workflows_of_the_catalog_are_the_functions() =>
        Assert.Equal(
            Catalog.Workflows.Keys,
            StartupCheck.FunctionsOf(typeof(WorkflowFunctions)).Order(StringComparer.Ordinal)
        );

    [Fact]
    public void Activities_of_the_catalog_are_the_functions() =>
        Assert.Equal(
            Catalog.Activities.Keys,
            StartupCheck.FunctionsOf(typeof(ActivityFunctions)).Order(StringComparer.Ordinal)
        );

    [Fact]
    public void Routes_of_the_web_are_the_functions_with_method_and_template()
    {
        var routes = WebRoutes.All.Select(route =>
            string.Join(
                ' ',
                route.Name,
                route.Method == "GET" ? "get,head" : route.Method.ToLowerInvariant(),
                route.Pattern.Length == 0
                    ? "{root:maxlength(0)?}"
                    : route.Pattern.Replace("{**", "{*", StringComparison.Ordinal)
            )
        );
        var functions = typeof(HttpFunctions)
            .GetMethods()
            .Select(method =>
                (
                    method.GetCustomAttribute<FunctionAttribute>()?.Name,
                    Trigger: method.GetParameters().FirstOrDefault()?.GetCustomAttribute<HttpTriggerAttribute>()
                )
            )
            .Where(function => function.Trigger is not null)
            .Select(function =>
                $"{function.Name} {string.Join(',', function.Trigger!.Methods!)} {function.Trigger.Route}"
            );

        Assert.Equal(routes.Order(StringComparer.Ordinal), functions.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_function_lives_in_one_of_the_trigger_classes_and_has_the_name_of_its_method()
    {
        var functions = typeof(WorkflowFunctions)
            .Assembly.GetTypes()
            .SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttribute<FunctionAttribute>() is not null)
            .ToList();

        Assert.All(
            functions,
            method => Assert.Equal(method.Name, method.GetCustomAttribute<FunctionAttribute>()!.Name)
        );
        Assert.All(
            functions,
            method => Assert.Equal(typeof(WorkflowFunctions).Namespace, method.DeclaringType!.Namespace)
        );
        Assert.Equal(
            functions.Count,
            functions.Select(method => method.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count()
        );
        Assert.Equal(Catalog.Workflows.Count + Catalog.Activities.Count + WebRoutes.All.Count + 3, functions.Count);
    }

    [Fact]
    public async Task An_app_that_lacks_a_function_does_not_start()
    {
        var catalog = SelfDevCatalog
            .Create()
            .Add(new Workflow<int, int>("Forgotten"), (_, input) => Task.FromResult(input));

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            new StartupCheck(catalog).StartAsync(TestContext.Current.CancellationToken)
        );

        Assert.Contains("Forgotten", refused.Message);
        await new StartupCheck(Catalog).StartAsync(TestContext.Current.CancellationToken);
    }
}
