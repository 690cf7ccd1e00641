using SelfDev.Testing.Conformance;

namespace SelfDev.Local.Tests.Engine;

public sealed class EmbeddedEngineConformanceTests : EngineConformance
{
    protected override IEngineUnderTest Create() => new EmbeddedEngineUnderTest();
}

/// <summary>The same with one instance in memory at most: nearly every event replays a history.</summary>
public sealed class EmbeddedEngineColdConformanceTests : EngineConformance
{
    protected override IEngineUnderTest Create() =>
        new EmbeddedEngineUnderTest(options => options with { MaxCachedInstances = 1 });
}
