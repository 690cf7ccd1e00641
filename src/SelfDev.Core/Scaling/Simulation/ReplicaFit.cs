using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;
using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Simulation;

/// <summary>How well a replica model tells what was measured.</summary>
/// <param name="Points">Measurements that were fitted.</param>
/// <param name="ColdStartRows">Rows whose tail shows the first requests of a cold server; only what those cannot move
/// (median, throughput) was used.</param>
/// <param name="RSquared">Of the logarithms, 1 is perfect.</param>
/// <param name="MedianError">Median relative error, 0.1 is 10 %.</param>
/// <param name="P90Error">Relative error that 90 % of the measurements stay under.</param>
/// <param name="HeldOutMedianError">Median relative error on every fifth row, of a model that was fitted without
/// these.</param>
public sealed record FitQuality(
    int Points,
    int ColdStartRows,
    double RSquared,
    double MedianError,
    double P90Error,
    double HeldOutMedianError
);

/// <summary>
/// Fits a replica model to measured profiles by running the measurement again in the simulation: the same number of
/// requests at the same rate and lengths, on one replica. Least squares of the logarithms of median latency and
/// throughput by the simplex of Nelder and Mead (1965), started from the measurements' own limits.
/// </summary>
public static class ReplicaFit
{
    /// <param name="points">Rows of one model on one kind of GPU.</param>
    /// <param name="batchLimit">Sequences at once that the server was started with.</param>
    /// <exception cref="ArgumentException">Fewer than 8 rows, which cannot tell six parameters.</exception>
    public static (ReplicaModel Model, FitQuality Quality) Fit(IReadOnlyList<ProfilePoint> points, int batchLimit = 256)
    {
        if (points.Count < 8)
        {
            throw new ArgumentException(
                $"A replica model takes at least 8 profile rows, not {points.Count}.",
                nameof(points)
            );
        }

        var runs = points.Select(point => new ProfileRun(point)).ToList();
        var model = Solve(runs, batchLimit);
        var errors = Errors(runs, model).ToList();
        var observed = runs.SelectMany(run => run.Logs).ToList();
        var mean = observed.Average();
        var relative = errors.Select(error => Math.Abs(Math.Exp(error) - 1)).Order().ToList();
        var heldOut = Solve([.. runs.Where((_, index) => index % 5 != 0)], batchLimit);
        var outside = Errors([.. runs.Where((_, index) => index % 5 == 0)], heldOut)
            .Select(error => Math.Abs(Math.Exp(error) - 1))
            .Order()
            .ToList();
        return (
            model,
            new FitQuality(
                errors.Count,
                points.Count(point => point.HasColdStart),
                1 - (errors.Sum(error => error * error) / observed.Sum(value => (value - mean) * (value - mean))),
                relative[relative.Count / 2],
                relative[(int)(relative.Count * 0.9)],
                outside[outside.Count / 2]
            )
        );
    }

    private static ReplicaModel Solve(IReadOnlyList<ProfileRun> runs, int batchLimit)
    {
        double Loss(Vector<double> at) =>
            Errors(runs, Model(at, batchLimit)).Average(error => Math.Min(error * error, 1));

        // Logarithms keep every parameter positive and of one scale.
        var best = Vector<double>.Build.DenseOfArray([
            Math.Log(0.01),
            Math.Log(1e-4),
            Math.Log(1e-7),
            Math.Log(8e-5),
            Math.Log(4e4),
        ]);
        for (var round = 0; round < 3; round++)
        {
            var start = best;
            // A simplex that has collapsed is started again from where it stopped.
            best = Minimum(Loss, start, round == 0 ? 0.5 : 0.2);
        }

        return Model(best, batchLimit);
    }

    private static Vector<double> Minimum(Func<Vector<double>, double> loss, Vector<double> start, double step)
    {
        var (best, least) = (start, double.PositiveInfinity);
        var solver = new NelderMeadSimplex(1e-7, 400);
        try
        {
            solver.FindMinimum(ObjectiveFunction.Value(Noted), start, Vector<double>.Build.Dense(start.Count, step));
        }
        catch (MaximumIterationsException)
        {
            // It is good enough: the best point so far counts, and the next round goes on from there.
        }

        return best;

        double Noted(Vector<double> at)
        {
            var value = loss(at);
            if (value < least)
            {
                (best, least) = (at.Clone(), value);
            }

            return value;
        }
    }

    private static ReplicaModel Model(Vector<double> at, int batchLimit) =>
        new()
        {
            StepSeconds = Math.Exp(at[0]),
            SequenceSeconds = Math.Exp(at[1]),
            ContextTokenSeconds = Math.Exp(at[2]),
            PrefillTokenSeconds = Math.Exp(at[3]),
            CacheTokens = (long)Math.Exp(Math.Clamp(at[4], 5, 30)),
            BatchLimit = batchLimit,
        };

    private static IEnumerable<double> Errors(IReadOnlyList<ProfileRun> runs, ReplicaModel model)
    {
        foreach (var run in runs)
        {
            var (latency, throughput) = run.Replay(model);
            yield return Math.Log(latency) - run.Logs[0];
            yield return Math.Log(throughput) - run.Logs[1];
        }
    }

    /// <summary>One row of a profile as a trace.</summary>
    private sealed class ProfileRun
    {
        private readonly TrafficTrace _trace;

        public ProfileRun(ProfilePoint point)
        {
            _trace = new TrafficTrace(
                "profile",
                [
                    .. Enumerable
                        .Range(0, point.Samples)
                        .Select(i => new TrafficRequest(
                            i / point.RequestsPerSecond,
                            point.InputTokens,
                            point.OutputTokens
                        )),
                ]
            );
            Logs = [Math.Log(point.LatencyP50), Math.Log(point.RequestsPerSecondServed)];
        }

        public double[] Logs { get; }

        public (double Latency, double Throughput) Replay(ReplicaModel model) => LatencyReplay.Run(model, _trace);
    }
}
