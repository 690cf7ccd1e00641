using SelfDev.Local.Engine.Store;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Tests.Engine;

public sealed class InstanceLifecycleTests
{
    [Fact]
    public void A_finished_instance_never_changes()
    {
        foreach (var status in Enum.GetValues<WorkflowStatus>().Where(InstanceLifecycle.IsFinished))
        {
            Assert.All(
                Enum.GetValues<InstanceTrigger>(),
                trigger => Assert.Null(InstanceLifecycle.Next(status, trigger))
            );
        }
    }

    [Fact]
    public void Every_unfinished_instance_can_be_terminated_and_quarantined()
    {
        foreach (var status in Enum.GetValues<WorkflowStatus>().Where(status => !InstanceLifecycle.IsFinished(status)))
        {
            Assert.Equal(WorkflowStatus.Terminated, InstanceLifecycle.Next(status, InstanceTrigger.Terminate));
            Assert.Equal(WorkflowStatus.Quarantined, InstanceLifecycle.Next(status, InstanceTrigger.Quarantine));
        }
    }

    [Fact]
    public void Only_a_running_instance_completes_or_fails()
    {
        foreach (var status in Enum.GetValues<WorkflowStatus>())
        {
            var running = status == WorkflowStatus.Running;
            Assert.Equal(
                running ? WorkflowStatus.Completed : null,
                InstanceLifecycle.Next(status, InstanceTrigger.Complete)
            );
            Assert.Equal(running ? WorkflowStatus.Failed : null, InstanceLifecycle.Next(status, InstanceTrigger.Fail));
        }
    }

    [Fact]
    public void Standing_still_ends_only_by_resume()
    {
        foreach (var status in new[] { WorkflowStatus.Suspended, WorkflowStatus.Quarantined })
        {
            Assert.Null(InstanceLifecycle.Next(status, InstanceTrigger.Run));
            Assert.Equal(WorkflowStatus.Running, InstanceLifecycle.Next(status, InstanceTrigger.Resume));
        }
    }

    [Fact]
    public void Finished_means_the_same_here_and_in_the_port()
    {
        foreach (var status in Enum.GetValues<WorkflowStatus>())
        {
            var instance = new WorkflowInstance("id", "name", "1.0", status, default, default, null, null, null, null);
            Assert.Equal(instance.IsFinished, InstanceLifecycle.IsFinished(status));
        }
    }
}
