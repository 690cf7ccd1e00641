using System.Globalization;
using System.Text;

/// <summary>
/// Twenty-five minutes of chat traffic in the format of Azure's inference traces: independent users whose rate climbs from 3 to 8 requests a second in the middle and falls again.
/// The same seed gives the same bytes.
/// </summary>
internal static class TrafficSample
{
    private const int Seed = 20260131;
    private const double Seconds = 1500;

    public static void Write(string file)
    {
        var random = new Random(Seed);
        var start = new DateTime(2026, 1, 31, 18, 0, 0, DateTimeKind.Utc);
        using var trace = new StreamWriter(file, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
        trace.WriteLine("TIMESTAMP,ContextTokens,GeneratedTokens");
        for (var time = 0.0; time < Seconds; time += Exponential(1 / Rate(time)))
        {
            var prompt = 1 + (int)Math.Min(7000, Exponential(1200));
            var answer = 1 + (int)Math.Min(1000, Exponential(220));
            trace.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{start.AddSeconds(time):yyyy-MM-dd HH:mm:ss.fffffff},{prompt},{answer}"));
        }

        double Exponential(double mean) => -Math.Log(1 - random.NextDouble()) * mean;
    }

    private static double Rate(double time) => 3 + (5 * Math.Pow(Math.Sin(Math.PI * time / Seconds), 2));
}
