using System.Globalization;
using System.Text;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>Small training logs whose findings are known.</summary>
internal static class TrainingLogs
{
    /// <summary>Ten seconds a step, nothing wrong, not at its end.</summary>
    /// <param name="steps">Up to 2,000.</param>
    public static string Healthy(int steps)
    {
        var log = new StringBuilder();
        for (var step = 1; step <= steps; step++)
        {
            log.Append(
                CultureInfo.InvariantCulture,
                $" [2026-03-01 {10 + (step / 360)}:{step / 6 % 60:00}:{step % 6 * 10:00}] iteration {step, 8}/    2000 "
                    + $"| consumed samples: {step * 512L, 12} | elapsed time per iteration (ms): 10000.0 | learning "
                    + $"rate: 1.000E-04 | global batch size:   512 | lm loss: {2.5 + (1 / Math.Sqrt(step)):E6} | "
                    + $"grad norm: 0.210 | number of skipped iterations:   0 | number of nan iterations:   0 "
                    + $"|\n"
            );
        }

        return log.ToString();
    }

    /// <summary>A healthy run whose ranks wait for each other in vain, and nothing says why: one restart is what is
    /// proposed.</summary>
    public static string LostNetwork()
    {
        var log = new StringBuilder(Healthy(60));
        AddTimeouts(log);
        return log.ToString();
    }

    /// <summary>A healthy run that loses a GPU of <c>trainvm000002</c>: Xid 79 in the kernel log, then NCCL time-outs
    /// on other ranks.</summary>
    /// <param name="second">Of the fault: the same line in another log is the same fault.</param>
    public static string LostGpu(int second = 12)
    {
        var log = new StringBuilder(Healthy(400));
        log.Append(
            CultureInfo.InvariantCulture,
            $"2026-03-01T11:07:{second:00}.000000+00:00 trainvm000002 kernel: NVRM: Xid (PCI:0000:10:1c): 79, "
                + $"pid=1896, GPU has fallen off the bus.\n"
        );
        AddTimeouts(log);
        return log.ToString();
    }

    private static void AddTimeouts(StringBuilder log)
    {
        for (var rank = 0; rank < 3; rank++)
        {
            log.Append(
                CultureInfo.InvariantCulture,
                $"[rank{rank}]:[E301 11:17:12.{rank}07638053 ProcessGroupNCCL.cpp:632] [Rank {rank}] Watchdog caught "
                    + $"collective operation timeout: WorkNCCL(SeqNum=401, OpType=ALLREDUCE, NumelIn=467019003, "
                    + $"NumelOut=467019003, Timeout(ms)=600000) ran for 600053 milliseconds before timing out.\n"
            );
        }
    }
}
