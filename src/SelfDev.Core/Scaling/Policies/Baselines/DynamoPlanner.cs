using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Policies.Baselines;

/// <summary>
/// NVIDIA Dynamo's SLA planner (ai-dynamo/dynamo, <c>docs/planner/sla_planner.md</c>): every 180 s the last interval's
/// requests, prompt and answer lengths are taken for the next one (its constant predictor), and prefill = requests *
/// ISL / interval * min(1, correction) / throughput, decode = requests * OSL / interval / throughput at the token
/// latency that is promised, divided by the correction. The corrections are observed over expected latency. Its workers
/// are split by phase; on replicas that do both the two demands are shares of the same replicas and are added.
/// </summary>
internal sealed class DynamoPlanner(BaselineSettings settings) : IScalingPolicy
{
    private const double IntervalSeconds = 180;

    private double _next = IntervalSeconds;
    private double _seconds;
    private long _arrivals;
    private long _prefillTokens;
    private long _completions;
    private long _outputTokens;
    private double _firstTokens;
    private double _interTokens;
    private int _samples;

    public string Name => "dynamo";

    public int Decide(in FleetObservation observed)
    {
        if (!observed.HasMetrics)
        {
            return observed.Provisioned;
        }

        _seconds += observed.IntervalSeconds;
        _arrivals += observed.Arrivals;
        _prefillTokens += observed.PrefillTokens;
        _completions += observed.Completions;
        _outputTokens += observed.CompletedOutputTokens;
        if (double.IsFinite(observed.MeanTimeToFirstToken) && double.IsFinite(observed.MeanInterToken))
        {
            _firstTokens += observed.MeanTimeToFirstToken;
            _interTokens += observed.MeanInterToken;
            _samples++;
        }

        if (observed.Time < _next)
        {
            return observed.Provisioned;
        }

        _next = observed.Time + IntervalSeconds;
        var wanted = _arrivals == 0 ? 0 : Plan();
        (_seconds, _arrivals, _prefillTokens, _completions, _outputTokens, _firstTokens, _interTokens, _samples) = (
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0
        );
        return Math.Max(wanted, 1);
    }

    private int Plan()
    {
        var replica = settings.Fleet.Replica;
        var level = settings.Fleet.ServiceLevel;
        var input = _prefillTokens / (double)_arrivals;
        var output = _completions == 0 ? settings.Mix.OutputTokens : _outputTokens / (double)_completions;
        var expectedFirst = replica.StepTime(1, 0, input);
        var firstCorrection = _samples == 0 ? 1 : _firstTokens / _samples / expectedFirst;
        var prefill = _arrivals * input / _seconds * Math.Min(1, firstCorrection) * replica.PrefillTokenSeconds;
        var context = input + (output / 2);
        var expectedInter = replica.StepTime(1, context, 0);
        var interCorrection = _samples == 0 ? 1 : Math.Max(1, _interTokens / _samples / expectedInter);
        var allowed = Math.Max(expectedInter, level.InterTokenSeconds / interCorrection);
        var perSequence = replica.SequenceSeconds + (replica.ContextTokenSeconds * context);
        var batch = Math.Clamp(
            (allowed - replica.StepSeconds) / perSequence,
            1,
            Math.Min(replica.BatchLimit, Math.Max(1, replica.CacheTokens / context))
        );
        var decode = _arrivals * output / _seconds / (batch / replica.StepTime((int)batch, batch * context, 0));
        return (int)Math.Ceiling(prefill + decode);
    }
}
