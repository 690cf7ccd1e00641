using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.Analysts;

/// <summary>A model that answers what it is told to, under any name.</summary>
internal sealed class FakeModel(string name = "explainer", AnalystAnswer? answer = null) : IAnalyst
{
    public string Name => name;

    public Task<AnalystAnswer> ExplainAsync(AnalystQuestion question, CancellationToken cancellation) =>
        Task.FromResult(answer ?? Says("The GPU was lost.", name));

    public static AnalystAnswer Says(string cause, string reported) =>
        new(
            cause,
            [new Citation(null, 7, "Xid")],
            0,
            null,
            null,
            new AnalystUsage(reported, 10, 0, 2, TimeSpan.FromSeconds(1))
        );
}
