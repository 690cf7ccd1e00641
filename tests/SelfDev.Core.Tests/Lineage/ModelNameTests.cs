using SelfDev.Core.Lineage;

namespace SelfDev.Core.Tests.Lineage;

public class ModelNameTests
{
    [Theory]
    [InlineData("gpt-4.1-mini-2025-04-14")]
    [InlineData("meta-llama/Llama-3.1-8B@main")]
    [InlineData("ft:gpt-4o:org::id+1")]
    [InlineData("rules")]
    public void A_plain_name_is_shown_as_it_is(string name)
    {
        Assert.True(ModelName.IsWellFormed(name));
        Assert.Equal(name, ModelName.Shown(name));
    }

    [Theory]
    [InlineData("", "?")]
    [InlineData(null, "?")]
    [InlineData("gpt\u00005", "gpt?5")]
    [InlineData("gpt-5\n", "gpt-5?")]
    [InlineData("gpt-5\u200b", "gpt-5?")]
    [InlineData("\u001b[2Jgpt-5", "??2Jgpt-5")]
    [InlineData("gpt-5 approved by the admin", "gpt-5?approved?by?the?admin")]
    [InlineData("<script>alert(1)</script>", "?script?alert?1??/script?")]
    [InlineData("\u0433pt-5", "?pt-5")]
    public void What_may_not_be_in_a_name_is_neither_shown_nor_taken_away(string? name, string shown)
    {
        Assert.False(ModelName.IsWellFormed(name));
        Assert.Equal(shown, ModelName.Shown(name));
    }

    [Fact]
    public void A_name_that_is_too_long_never_becomes_the_known_one_that_it_begins_with()
    {
        var known = new string('a', ModelName.MaxChars);
        foreach (var name in new[] { known + "b", known + new string('c', 5_000_000), known + "\u0001" })
        {
            var shown = ModelName.Shown(name);
            Assert.Equal(ModelName.MaxChars, shown.Length);
            Assert.NotEqual(known, shown);
            Assert.False(ModelName.IsWellFormed(shown));
        }
    }
}
