using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Hosting;

namespace SelfDev.Workflows.Tests.ActionExecution;

public class ExecutorsTests
{
    [Fact]
    public void Every_way_to_carry_an_action_out_has_one_executor()
    {
        var carriers = new ServiceCollection()
            .AddSelfDevWorkflows()
            .Where(service => service.ServiceType == typeof(IEffectExecutor))
            .Select(service => RuntimeHelpers.GetUninitializedObject(service.ImplementationType!))
            .Select(executor => ((IEffectExecutor)executor).Carrier);

        Assert.Equal(Enum.GetValues<ActionCarrier>(), carriers.Order());
        Assert.Equal(Enum.GetValues<ActionCarrier>(), ActionCatalog.Rows.Select(row => row.Carrier).Distinct().Order());
    }
}
