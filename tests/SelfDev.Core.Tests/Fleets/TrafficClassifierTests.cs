using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Planning;

namespace SelfDev.Core.Tests.Fleets;

public sealed class TrafficClassifierTests
{
    [Fact]
    public void Independent_users_are_steady()
    {
        var shape = TrafficClassifier.Classify(Counts(240, _ => 5), 15, 1, 0);

        Assert.Equal(TrafficClass.Steady, shape.Class);
        Assert.Equal(1, shape.Dispersion, 0.3);
    }

    [Fact]
    public void A_level_that_moves_is_a_ramp() =>
        Assert.Equal(TrafficClass.Ramp, TrafficClassifier.Classify(Counts(120, i => 3 + (i * 0.05)), 15, 1, 0).Class);

    [Fact]
    public void Bursts_out_of_nothing_are_on_and_off() =>
        Assert.Equal(
            TrafficClass.OnOff,
            TrafficClassifier.Classify(Counts(120, i => i % 30 < 6 ? 20 : 0.05), 15, 1, 0).Class
        );

    [Fact]
    public void What_comes_back_every_day_is_diurnal()
    {
        var shape = TrafficClassifier.Classify(Counts(480, i => 5 + (3 * Math.Sin(i * 2 * Math.PI / 96))), 15, 1, 0);

        Assert.Equal(TrafficClass.Diurnal, shape.Class);
        Assert.Equal(96, shape.SeasonSamples, 5.0);
    }

    [Fact]
    public void Too_little_is_unknown()
    {
        Assert.Equal(TrafficClass.Unknown, TrafficClassifier.Classify(Counts(7, _ => 5), 15, 1, 0).Class);
        Assert.Equal(TrafficClass.Unknown, TrafficClassifier.Classify(new double[50], 15, 1, 0).Class);
    }

    [Fact]
    public void The_public_traces_are_told_apart()
    {
        Assert.Equal(TrafficClass.Ramp, Class("azure-llm-inference/conv-first-half.csv"));
        Assert.Equal(TrafficClass.OnOff, Class("azure-llm-inference/code-first-half.csv"));

        static TrafficClass Class(string file)
        {
            var trace = FleetRoom.Load(file);
            var counts = new double[(int)(trace.Seconds / 15)];
            foreach (var request in trace.Requests)
            {
                counts[Math.Min(counts.Length - 1, (int)(request.Time / 15))] += 1 / 15.0;
            }

            return TrafficClassifier.Classify(counts, 15, 1, 0).Class;
        }
    }

    /// <summary>Requests a second of samples of a Poisson stream.</summary>
    private static double[] Counts(int samples, Func<int, double> perSecond)
    {
        var random = new Random(11);
        return
        [
            .. Enumerable
                .Range(0, samples)
                .Select(i =>
                {
                    var (count, time) = (0, FleetRoom.Exponential(random, 1 / perSecond(i)));
                    for (; time < 15; time += FleetRoom.Exponential(random, 1 / perSecond(i)))
                    {
                        count++;
                    }

                    return count / 15.0;
                }),
        ];
    }
}
