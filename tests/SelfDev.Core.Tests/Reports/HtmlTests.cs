using SelfDev.Core.Reports.Render;

namespace SelfDev.Core.Tests.Reports;

public sealed class HtmlTests
{
    [Fact]
    public void Holes_are_text_and_literals_are_markup()
    {
        var hostile = "<script>alert('x')</script> & \"q\"";

        Assert.Equal(
            "<td title=\"&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; &quot;q&quot;\">1.5</td>",
            Html.Of($"<td title=\"{hostile}\">{1.5}</td>").ToString()
        );
    }

    [Fact]
    public void Html_in_a_hole_is_not_encoded_twice()
    {
        var rows = new[] { "a<", "b" }.Select(cell => Html.Of($"<td>{cell}</td>"));

        Assert.Equal("<tr><td>a&lt;</td><td>b</td></tr>", Html.Of($"<tr>{rows}</tr>").ToString());
        Assert.Equal("<p></p>", Html.Of($"<p>{Html.Empty}{(string?)null}</p>").ToString());
    }

    [Fact]
    public void Arrays_and_lists_of_html_are_markup_too()
    {
        Html[] array = [Html.Of($"<b>1</b>")];
        List<Html> list = [Html.Of($"<b>2</b>")];

        Assert.Equal("<b>1</b><b>2</b>", Html.Of($"{array}{list}").ToString());
    }

    [Fact]
    public void Formats_are_honoured_in_the_invariant_culture() =>
        Assert.Equal("1,234.50", Html.Of($"{1234.5:N2}").ToString());
}
