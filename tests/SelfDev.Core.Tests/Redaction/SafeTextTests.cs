using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Text;

namespace SelfDev.Core.Tests.Redaction;

public sealed class SafeTextTests
{
    [Theory]
    [InlineData("iteration 100/ 500 | loss 2.77", "iteration 100/ 500 | loss 2.77")]
    [InlineData("\u001b[31mred\u001b[0m", @"\u001B[31mred\u001B[0m")]
    [InlineData("a\r\nb\tc", @"a\u000D\u000Ab c")]
    [InlineData("user\u202Etxt.exe", @"user\u202Etxt.exe")]
    [InlineData("zero\u200Bwidth\uFEFF", @"zero\u200Bwidth\uFEFF")]
    [InlineData("line\u2028separator", @"line\u2028separator")]
    [InlineData("c1 \u009b31m", @"c1 \u009B31m")]
    [InlineData("tag \U000E0041", @"tag \U000E0041")]
    [InlineData("损失 2.77 – übel 🙂", "损失 2.77 – übel 🙂")]
    [InlineData("", "")]
    public void Single_line_shows_what_would_act_or_hide(string text, string expected) =>
        Assert.Equal(expected, SafeText.SingleLine(text));

    [Fact]
    public void Block_keeps_line_breaks_and_nothing_else() =>
        Assert.Equal("a\nb\nc\n\\u001B", SafeText.Block("a\r\nb\rc\n\u001b"));

    [Fact]
    public void Lone_surrogates_become_the_replacement_character() =>
        Assert.Equal("x\uFFFDy", SafeText.SingleLine("x" + '\uD800' + "y"));

    [Fact]
    public void Whatever_comes_in_no_control_and_no_format_character_comes_out() =>
        Prop.ForAll<string?>(text =>
            {
                var clean = SafeText.SingleLine(text ?? "");
                return !clean.Any(letter =>
                    char.IsControl(letter)
                    || char.GetUnicodeCategory(letter) == System.Globalization.UnicodeCategory.Format
                );
            })
            .QuickCheckThrowOnFailure();
}
