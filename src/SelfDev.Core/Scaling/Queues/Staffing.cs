using MathNet.Numerics.Distributions;
using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Queues;

/// <summary>What a number of replicas makes of a steady demand.</summary>
/// <param name="Utilisation">Share of a replica's time that requests take beside what all share; 1 and up is
/// overload.</param>
/// <param name="Batch">Mean sequences that one replica runs.</param>
/// <param name="InterTokenSeconds">Mean time of a step.</param>
/// <param name="Misses">Share of requests expected to miss the service level, 0 to 1.</param>
public readonly record struct StaffingOutcome(
    double Utilisation,
    double Batch,
    double InterTokenSeconds,
    double Misses
);

/// <summary>
/// How many replicas hold a service level under a steady demand, by queueing theory over <see cref="ReplicaModel"/>.
/// <para>
/// With r requests a second on one replica, prompts take the share f = r * prefill of its time and each running
/// sequence lengthens the step. By Little's law the batch is b = r * output * t, so that the mean step is t = alpha /
/// (1 - u) with u = f + r * output * beta: the same relation as ITL = alpha + beta * batch of llm-d's workload-variant
/// autoscaler, solved for the load. Time to first token is the wait in M/G/c for one of c prefilling replicas (<see
/// cref="Queueing.WaitExceeds"/>) and the request's own prefill, whose length is taken as gamma distributed. The time
/// between tokens of one answer varies with the prompts that come in while it is generated: a compound Poisson sum,
/// taken as normal.
/// </para>
/// </summary>
public sealed class Staffing
{
    private const int Points = 8;

    /// <summary>Squared coefficient of variation of answer lengths, where no metric tells it: that of Azure's 2023
    /// conversation trace.</summary>
    private const double OutputVariation = 0.6;

    private readonly ReplicaModel _replica;
    private readonly ServiceLevel _level;
    private readonly Lazy<double[]> _prefill;

    public Staffing(ReplicaModel replica, ServiceLevel level, TrafficMix mix)
    {
        (_replica, _level, Mix) = (replica, level, mix);
        // Quantiles of a gamma distribution take time, and many a model is replaced before it is asked.
        _prefill = new Lazy<double[]>(() => PrefillQuantiles(mix));
        WorkSeconds = replica.WorkSeconds(mix.PrefillTokens, mix.OutputTokens);
    }

    public TrafficMix Mix { get; }

    /// <value>Seconds of a replica that a mean request takes.</value>
    public double WorkSeconds { get; }

    /// <summary>What <paramref name="replicas"/> make of <paramref name="requestsPerSecond"/>.</summary>
    public StaffingOutcome At(int replicas, double requestsPerSecond)
    {
        if (requestsPerSecond <= 0)
        {
            return new StaffingOutcome(0, 0, _replica.StepSeconds + _replica.SequenceSeconds, 0);
        }

        if (replicas < 1)
        {
            return new StaffingOutcome(double.PositiveInfinity, 0, double.PositiveInfinity, 1);
        }

        var rate = requestsPerSecond / replicas;
        var use = rate * WorkSeconds;
        if (use >= 1)
        {
            return new StaffingOutcome(use, _replica.BatchLimit, double.PositiveInfinity, 1);
        }

        var step = _replica.StepSeconds / (1 - use);
        var batch = rate * Mix.OutputTokens * step;
        var full = Full(replicas, requestsPerSecond, step);
        if (full > 0.5)
        {
            return new StaffingOutcome(use, batch, step, 1);
        }

        var decode =
            _replica.StepTime(1, 0, 0)
            + (
                batch
                * (
                    _replica.SequenceSeconds
                    + (_replica.ContextTokenSeconds * (Mix.PrefillTokens + (Mix.OutputTokens / 2)))
                )
            );
        var late = Late(replicas, requestsPerSecond, decode);
        var slow = Slow(replicas, requestsPerSecond, step, decode);
        return new StaffingOutcome(use, batch, step, Math.Min(1, late + slow + full));
    }

    /// <summary>The smallest number of replicas that holds the service level.</summary>
    /// <param name="misses">Share of requests that may miss it, above 0.</param>
    /// <param name="from">Where the search begins; a good guess makes it short.</param>
    /// <param name="ceiling">Where it ends.</param>
    /// <returns>At least 0 and at most <paramref name="ceiling"/>; the ceiling also where nothing is enough (see <see
    /// cref="IsFeasible"/>).</returns>
    public int Replicas(double requestsPerSecond, double misses, int from = 1, int ceiling = 10_000)
    {
        if (requestsPerSecond <= 0)
        {
            return 0;
        }

        var fewest = (int)Math.Clamp(Math.Ceiling(requestsPerSecond * WorkSeconds), 1, ceiling);
        var replicas = Math.Clamp(from, fewest, ceiling);
        // More replicas than this only shorten waits that are gone already: what is left is the request's own time, and
        // cannot be bought off.
        var floor = Math.Max(misses, At(ceiling, requestsPerSecond).Misses * 1.05);
        while (replicas < ceiling && At(replicas, requestsPerSecond).Misses > floor)
        {
            replicas++;
        }

        while (replicas > fewest && At(replicas - 1, requestsPerSecond).Misses <= floor)
        {
            replicas--;
        }

        return replicas;
    }

    /// <summary>Whether any number of replicas holds the service level: an unloaded one does.</summary>
    public bool IsFeasible(double misses) => At(10_000, 1).Misses <= misses;

    private static double[] PrefillQuantiles(TrafficMix mix)
    {
        var variation = Math.Clamp(mix.PrefillVariation, 1e-3, 10);
        var lengths = new Gamma(1 / variation, 1 / (variation * mix.PrefillTokens));
        return [.. Enumerable.Range(0, Points).Select(i => lengths.InverseCumulativeDistribution((i + 0.5) / Points))];
    }

    private double Late(int replicas, double requestsPerSecond, double decode)
    {
        var chunk = _replica.PrefillChunkTokens;
        double Own(double tokens) => (_replica.PrefillTokenSeconds * tokens) + (decode * Math.Ceiling(tokens / chunk));

        var service = Own(Mix.PrefillTokens);
        var load = requestsPerSecond * service;
        if (load >= replicas)
        {
            return 1;
        }

        var waits = Queueing.ErlangC(replicas, load);
        var decay = (replicas - load) / (service * (Mix.ArrivalVariation + Mix.PrefillVariation) / 2);
        var late = 0.0;
        foreach (var prompt in _prefill.Value)
        {
            var slack = Math.Min(_level.TimeToFirstTokenSeconds - Own(prompt) - decode, _level.QueueSeconds);
            late += slack < 0 ? 1 : waits * Math.Exp(-decay * slack);
        }

        return late / Points;
    }

    /// <summary>
    /// Probability that a request waits too long for room in a batch or a cache: M/M/c whose servers are the places for
    /// requests. What requests hold at once is compound Poisson as in M/G/infinity, a request of o output tokens
    /// holding its place for o steps; sum and variance of that tell how many places of what size it is like.
    /// </summary>
    private double Full(int replicas, double requestsPerSecond, double step)
    {
        var (prefill, output) = (Mix.PrefillTokens, Mix.OutputTokens);
        var held = requestsPerSecond * step * output;
        // Moments of a gamma-distributed answer length: E[o^2] = (1 + v) m^2, E[o^3] = (1 + v) (1 + 2 v) m^3.
        var second = (1 + OutputVariation) * output;
        var third = second * (1 + (2 * OutputVariation)) * output;
        var tokens = held * (prefill + second);
        var squares = held * ((prefill * prefill * (1 + Mix.PrefillVariation)) + (2 * prefill * second) + third);
        var slack = Math.Max(
            0,
            Math.Min(_level.TimeToFirstTokenSeconds - (_replica.PrefillTokenSeconds * prefill), _level.QueueSeconds)
        );
        return Math.Max(
            Waits(replicas * (double)_replica.BatchLimit, held, held),
            Waits(replicas * ((double)_replica.CacheTokens - ((prefill + output) / 2)), tokens, squares)
        );

        double Waits(double room, double mean, double variance)
        {
            var spread = variance * Mix.ArrivalVariation;
            // Six standard deviations away nobody waits, and the sum over the places is spared.
            return mean + (6 * Math.Sqrt(spread)) < room ? 0
                : mean >= room ? 1
                : Queueing.WaitExceeds(
                    (int)Math.Max(1, room * mean / spread),
                    mean * mean / spread,
                    output * step,
                    1,
                    slack
                );
        }
    }

    /// <summary>Probability that an answer is slower than promised: too many of its steps carry a prompt beside
    /// it.</summary>
    private double Slow(int replicas, double requestsPerSecond, double step, double decode)
    {
        var chunk = _replica.PrefillTokenSeconds * _replica.PrefillChunkTokens;
        if (decode + chunk <= _level.InterTokenSeconds)
        {
            return 0;
        }

        var prefill = _replica.PrefillTokenSeconds * Mix.PrefillTokens;
        var steps = Math.Max(1, Mix.PrefillTokens / _replica.PrefillChunkTokens);
        var busy = requestsPerSecond / replicas * prefill;
        // A prompt goes to the replica with the fewest requests: it meets a running answer only where none is free.
        var meets = Queueing.ErlangC(replicas, requestsPerSecond * (prefill + (Mix.OutputTokens * step)));
        var share = Math.Clamp(requestsPerSecond / replicas * steps * decode / Math.Max(1e-9, 1 - busy) * meets, 0, 1);
        // Of the steps of an answer, as many as this may carry a prompt.
        var bearable = (_level.InterTokenSeconds - decode) / (prefill / steps);
        var slow = 0.0;
        for (var i = 0; i < Points; i++)
        {
            // Answers are taken as exponentially long: short ones feel a stall most.
            var output = Math.Max(1, -Math.Log(1 - ((i + 0.5) / Points)) * Math.Max(1, Mix.OutputTokens - 1));
            // Prompts come one behind the other where the queue is long: their number varies more than independent
            // steps would.
            var spread = Math.Sqrt(output * share * (1 - share) / Math.Max(1e-3, 1 - busy));
            slow +=
                bearable <= 0 ? 1
                : spread <= 0 ? (share > bearable ? 1 : 0)
                : Math.Min(1 - Math.Pow(1 - share, output), 1 - Normal.CDF(output * share, spread, output * bearable));
        }

        return slow / Points;
    }
}
