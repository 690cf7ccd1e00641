using SelfDev.Core.Text;

namespace SelfDev.Core.Tests.Redaction;

public class CsvFieldTests
{
    [Theory]
    [InlineData("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData(" +cmd|' /C calc'!A0", "' +cmd|' /C calc'!A0")]
    [InlineData("-1.5e-3", "-1.5e-3")]
    [InlineData("-1+1", "'-1+1")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("a\r\nb", "a\\u000D\\u000Ab")]
    [InlineData("plain", "plain")]
    public void A_formula_becomes_text_and_a_line_stays_one(string text, string field) =>
        Assert.Equal(field, SafeText.CsvField(text));
}
