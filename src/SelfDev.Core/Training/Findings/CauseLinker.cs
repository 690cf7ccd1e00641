using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Training.Findings;

/// <summary>
/// Tells root, cascade and symptom apart across files: what can cause a finding, and lies close before it, is its
/// cause. A collective that timed out names victims; its cause is the lost GPU, the killed process or the exception of
/// another rank that came before it.
/// </summary>
internal static class CauseLinker
{
    /// <summary>
    /// How long a cause may lie before its effect: the usual collective time-out is 10 minutes, 30 in long set-ups
    /// (c10d <c>kProcessGroupNCCLDefaultTimeout</c>), and NCCL's heartbeat adds its own.
    /// </summary>
    private static readonly TimeSpan Before = TimeSpan.FromMinutes(45);

    /// <summary>Ranks write through buffers: a cause may be logged a little after its effect.</summary>
    private static readonly TimeSpan After = TimeSpan.FromMinutes(2);
    private const long LinesBefore = 20_000;
    private const long LinesAfter = 200;

    /// <summary>Kinds in the order in which they cause each other: a finding can be caused by any kind of a lower
    /// tier.</summary>
    private static readonly Dictionary<string, int> Tiers = new()
    {
        [FindingKinds.GpuXid] = 0,
        [FindingKinds.GpuEcc] = 0,
        [FindingKinds.DiskFull] = 0,
        [FindingKinds.HostOom] = 0,
        [FindingKinds.CudaOom] = 1,
        [FindingKinds.DataLoader] = 1,
        [FindingKinds.CheckpointFailure] = 1,
        [FindingKinds.CollectiveDesync] = 2,
        [FindingKinds.NetworkFault] = 3,
        [FindingKinds.NcclTimeout] = 4,
        [FindingKinds.Stall] = 5,
        [FindingKinds.ProcessExit] = 6,
    };

    public static void Link(IReadOnlyList<FindingDraft> findings)
    {
        var placed = findings.Where(finding => finding.CausedBy is null && TierOf(finding) >= 0).ToList();
        foreach (var effect in placed)
        {
            var cause = placed
                .Where(candidate => candidate != effect && CanCause(candidate, effect) && IsNear(candidate, effect))
                .OrderBy(TierOf)
                .ThenBy(candidate => Distance(candidate, effect))
                .FirstOrDefault();
            if (cause is not null)
            {
                effect.CausedBy = cause;
                effect.Role = TierOf(effect) >= 5 ? FindingRole.Symptom : FindingRole.Cascade;
            }
            else if (TierOf(effect) == 4 || (effect.Role == FindingRole.Cascade && TierOf(effect) == 3))
            {
                // Victims whose culprit is not in the log: as far as these artifacts go, this is where it starts.
                effect.Role = FindingRole.Root;
            }
        }

        // Several findings of one tier tell one story (watchdog, teardown): the first is where it starts.
        foreach (
            var group in placed
                .Where(finding => finding.CausedBy is null && TierOf(finding) is 3 or 4 or 6)
                .GroupBy(TierOf)
        )
        {
            FindingDraft? first = null;
            foreach (var finding in group.OrderBy(finding => finding.File).ThenBy(finding => finding.From.Line))
            {
                if (first is not null && IsNear(first, finding))
                {
                    finding.CausedBy = first;
                    finding.Role = group.Key <= 4 ? FindingRole.Cascade : FindingRole.Symptom;
                }
                else
                {
                    first = finding;
                    finding.Role = FindingRole.Root;
                }
            }
        }

        // Activations that explode overflow: where the loss left its course in the same steps, that is the cause.
        foreach (
            var collapse in findings.Where(finding =>
                finding.Kind == FindingKinds.LossScaleCollapse
                && finding.CausedBy is null
                && finding.From.Step is not null
            )
        )
        {
            var spike = findings.FirstOrDefault(finding =>
                finding.Kind is FindingKinds.LossSpike or FindingKinds.NonFinite
                && finding.File == collapse.File
                && finding.From.Step <= collapse.To.Step
                && finding.To.Step >= collapse.From.Step
                && Math.Abs(finding.From.Line - collapse.From.Line) < LinesBefore
            );
            if (spike is not null)
            {
                collapse.CausedBy = spike;
                collapse.Role = FindingRole.Cascade;
            }
        }

        foreach (var finding in findings)
        {
            finding.CausedBy = Uncycled(finding);
        }
    }

    private static int TierOf(FindingDraft finding) =>
        finding.SignatureId switch
        {
            // What the driver cleans up follows from the exit; a program's own exception comes before the launcher's
            // report of it.
            "python-exception"
            or "illegal-access"
            or "device-assert"
            or "cuda-unknown"
            or "cublas-exec"
            or "segfault" => 2,
            "slurm-cancelled" or "node-fail" or "spot-preempt" => 1,
            _ => Tiers.GetValueOrDefault(finding.Kind, -1),
        };

    private static bool CanCause(FindingDraft cause, FindingDraft effect)
    {
        if (cause.Severity == Severity.Info || TierOf(cause) >= TierOf(effect))
        {
            return false;
        }

        // A mere warning of a GPU (a row marked for remapping) does not take a job down.
        if (TierOf(cause) == 0 && cause.Severity == Severity.Warning)
        {
            return false;
        }

        // What a program meets on its own way down has few causes; everything may end in a collective, a stall or an
        // exit.
        return effect.Kind switch
        {
            FindingKinds.DataLoader => cause.Kind is FindingKinds.HostOom or FindingKinds.DiskFull,
            FindingKinds.CheckpointFailure => cause.Kind == FindingKinds.DiskFull,
            FindingKinds.CudaOom => false,
            _ => true,
        };
    }

    private static bool IsNear(FindingDraft cause, FindingDraft effect)
    {
        if (cause.From.Time is { } causeTime && effect.From.Time is { } effectTime)
        {
            return effectTime - causeTime <= Before && causeTime - effectTime <= After;
        }

        if (cause.File != effect.File)
        {
            return false;
        }

        var lines = effect.From.Line - cause.From.Line;
        return lines <= LinesBefore && lines >= -LinesAfter;
    }

    private static double Distance(FindingDraft cause, FindingDraft effect) =>
        cause.From.Time is { } causeTime && effect.From.Time is { } effectTime
            ? Math.Abs((effectTime - causeTime).TotalSeconds)
            : Math.Abs(effect.From.Line - cause.From.Line);

    private static FindingDraft? Uncycled(FindingDraft finding)
    {
        var seen = new HashSet<FindingDraft> { finding };
        for (var cause = finding.CausedBy; cause is not null; cause = cause.CausedBy)
        {
            if (!seen.Add(cause))
            {
                return null;
            }
        }

        return finding.CausedBy;
    }
}
