using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Reports.Render;

namespace SelfDev.Core.Tests.Reports;

public sealed class SparklineTests
{
    [Fact]
    public void A_ramp_rises_through_all_blocks() =>
        Assert.Equal("▁▂▃▄▅▆▇█", Sparkline.Draw(Points(0, 1, 2, 3, 4, 5, 6, 7), 8));

    [Fact]
    public void A_spike_of_one_step_in_ten_thousand_is_seen()
    {
        var values = Enumerable.Repeat(2.0, 10_000).ToArray();
        values[5_000] = 9;

        Assert.Equal("▁▁▁▁▁█▁▁▁▁", Sparkline.Draw(Points(values), 10));
    }

    [Fact]
    public void A_dip_of_one_step_is_seen_too()
    {
        var values = Enumerable.Repeat(2.0, 1_000).ToArray();
        values[500] = 0;

        Assert.Equal("█████▁████", Sparkline.Draw(Points(values), 10));
    }

    [Fact]
    public void Gaps_are_blank_and_what_is_not_finite_is_crossed() =>
        Assert.Equal("▁ ×█", Sparkline.Draw([new(0, 1), new(1, null), new(2, double.NaN), new(3, 2)], 4));

    [Fact]
    public void A_logarithmic_curve_leaves_out_zero_and_below() =>
        Assert.Equal("▁ ▅█", Sparkline.Draw(Points(1, 0, 10, 100), 4, logarithmic: true));

    [Fact]
    public void Marks_stand_under_the_columns_they_cover() =>
        Assert.Equal(
            "  ^^    ^ ",
            Sparkline.DrawMarks(
                Points(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
                [new(2, 3, "F1"), new(8, 8, "F2"), new(70, 80, "F3")],
                10
            )
        );

    [Fact]
    public void Any_series_gives_exactly_the_asked_width() =>
        Prop.ForAll<double[], PositiveInt>(
                (values, width) =>
                    Sparkline
                        .Draw([.. (values ?? []).Select((value, index) => new ChartPoint(index, value))], width.Get)
                        .Length == width.Get
            )
            .QuickCheckThrowOnFailure();

    private static List<ChartPoint> Points(params double[] values) =>
        [.. values.Select((value, index) => new ChartPoint(index, value))];
}
