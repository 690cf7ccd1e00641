using System.Text.Json;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;

namespace SelfDev.Core.Tests.Findings;

public class MetricValueTests
{
    [Theory]
    [InlineData(12695.0, "12695")]
    [InlineData(2.463556, "2.463556")]
    [InlineData(double.NaN, "\"NaN\"")]
    [InlineData(double.PositiveInfinity, "\"Infinity\"")]
    public void A_number_is_always_valid_json(double number, string json) =>
        Assert.Equal(json, JsonSerializer.Serialize<MetricValue>(number, ReportJson.Options));

    [Fact]
    public void Words_and_truth_values_keep_their_type()
    {
        Assert.Equal("true", JsonSerializer.Serialize<MetricValue>(true, ReportJson.Options));
        Assert.Equal("\"fast\"", JsonSerializer.Serialize<MetricValue>("fast", ReportJson.Options));
        Assert.True(JsonSerializer.Deserialize<MetricValue>("true", ReportJson.Options).IsBoolean);
    }

    [Fact]
    public void A_word_is_no_number() => Assert.Throws<InvalidOperationException>(() => ((MetricValue)"fast").Number);

    [Fact]
    public void Every_finding_kind_is_kebab_case() =>
        Assert.All(FindingKinds.All, kind => Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", kind));
}
