using System.Globalization;
using System.Text;

/// <summary>
/// Twenty-five minutes of a coding assistant's traffic in the format of Azure's inference traces: one request a second
/// from independent users, and every few minutes a burst of twenty for about a minute, long prompts and short answers.
/// The same seed gives the same bytes.
/// </summary>
internal static class TrafficSample
{
    private const int Seed = 20260131;
    private const double Seconds = 1500;
    private const double QuietRate = 1;
    private const double BurstRate = 20;

    public static void Write(string file)
    {
        var random = new Random(Seed);
        var start = new DateTime(2026, 1, 31, 18, 0, 0, DateTimeKind.Utc);
        using var trace = new StreamWriter(
            file,
            append: false,
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)
        )
        {
            NewLine = "\n",
        };
        trace.WriteLine("TIMESTAMP,ContextTokens,GeneratedTokens");
        var (burstFrom, burstTo) = (120.0, 165.0);
        for (var time = 0.0; time < Seconds; )
        {
            var prompt = 1 + (int)Math.Min(7000, Exponential(2000));
            var answer = 1 + (int)Math.Min(500, Exponential(28));
            trace.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{start.AddSeconds(time):yyyy-MM-dd HH:mm:ss.fffffff},{prompt},{answer}"
                )
            );
            time += Exponential(1 / (time >= burstFrom && time < burstTo ? BurstRate : QuietRate));
            if (time >= burstTo)
            {
                burstFrom = burstTo + 150 + (200 * random.NextDouble());
                burstTo = burstFrom + 30 + (40 * random.NextDouble());
            }
        }

        double Exponential(double mean) => -Math.Log(1 - random.NextDouble()) * mean;
    }
}
