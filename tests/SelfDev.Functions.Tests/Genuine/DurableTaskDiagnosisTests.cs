using SelfDev.Testing.Conformance;

namespace SelfDev.Functions.Tests.Genuine;

/// <summary>Runs where the feed has Microsoft.DurableTask.InProcessTestHost: eng/genuine-packages/README.md.</summary>
public sealed class DurableTaskDiagnosisTests : DiagnosisConformance
{
    protected override IEngineUnderTest Create() => new DurableTaskEngineUnderTest();
}
