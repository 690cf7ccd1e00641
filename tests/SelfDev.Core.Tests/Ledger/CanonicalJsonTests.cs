using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Json;

namespace SelfDev.Core.Tests.Ledger;

public class CanonicalJsonTests
{
    // RFC 8785 appendix B.
    [Theory]
    [InlineData("0000000000000000", "0")]
    [InlineData("8000000000000000", "0")]
    [InlineData("0000000000000001", "5e-324")]
    [InlineData("8000000000000001", "-5e-324")]
    [InlineData("7fefffffffffffff", "1.7976931348623157e+308")]
    [InlineData("ffefffffffffffff", "-1.7976931348623157e+308")]
    [InlineData("4340000000000000", "9007199254740992")]
    [InlineData("c340000000000000", "-9007199254740992")]
    [InlineData("4430000000000000", "295147905179352830000")]
    [InlineData("44b52d02c7e14af5", "9.999999999999997e+22")]
    [InlineData("44b52d02c7e14af6", "1e+23")]
    [InlineData("44b52d02c7e14af7", "1.0000000000000001e+23")]
    [InlineData("444b1ae4d6e2ef4e", "999999999999999700000")]
    [InlineData("444b1ae4d6e2ef4f", "999999999999999900000")]
    [InlineData("444b1ae4d6e2ef50", "1e+21")]
    [InlineData("3eb0c6f7a0b5ed8c", "9.999999999999997e-7")]
    [InlineData("3eb0c6f7a0b5ed8d", "0.000001")]
    [InlineData("41b3de4355555553", "333333333.3333332")]
    [InlineData("41b3de4355555554", "333333333.33333325")]
    [InlineData("41b3de4355555555", "333333333.3333333")]
    [InlineData("41b3de4355555556", "333333333.3333334")]
    [InlineData("41b3de4355555557", "333333333.33333343")]
    [InlineData("becbf647612f3696", "-0.0000033333333333333333")]
    [InlineData("43143ff3c1cb0959", "1424953923781206.2")]
    public void Numbers_are_written_as_in_the_RFC(string ieee, string expected) =>
        Assert.Equal(expected, CanonicalJson.FormatNumber(BitConverter.Int64BitsToDouble(Convert.ToInt64(ieee, 16))));

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Numbers_that_JSON_lacks_are_refused(double number) =>
        Assert.Throws<FormatException>(() => CanonicalJson.FormatNumber(number));

    // RFC 8785 section 3.2.2 to 3.2.4.
    [Fact]
    public void The_sample_of_the_RFC_gives_its_bytes()
    {
        const string source = """
            {
              "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
              "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
              "literals": [null, true, false]
            }
            """;
        Assert.Equal(
            "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e333333333333332c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d",
            Convert.ToHexStringLower(Canonical(source))
        );
    }

    // RFC 8785 section 3.2.3.
    [Fact]
    public void Properties_are_sorted_by_UTF16_code_units()
    {
        const string source = """
            { "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
              "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis" }
            """;
        using var document = JsonDocument.Parse(Canonical(source));
        Assert.Equal(
            [
                "Carriage Return",
                "One",
                "Control",
                "Latin Small Letter O With Diaeresis",
                "Euro Sign",
                "Emoji: Grinning Face",
                "Hebrew Letter Dalet With Dagesh",
            ],
            document.RootElement.EnumerateObject().Select(property => property.Value.GetString()!)
        );
    }

    // RFC 8785 section 3.2.2.2: the short escapes where there are some, the long one for other control characters.
    [Theory]
    [InlineData("""["\u0008\u0009\u000a\u000c\u000d"]""", """["\b\t\n\f\r"]""")]
    [InlineData("""["\u0000\u000b\u001f\u007f"]""", "[\"\\u0000\\u000b\\u001f\u007f\"]")]
    [InlineData("""["\/\"\\"]""", """["/\"\\"]""")]
    [InlineData("""[ ]""", "[]")]
    [InlineData("""[{ }, { "b" : [1 , 2], "a" : "" }]""", """[{},{"a":"","b":[1,2]}]""")]
    [InlineData("[9007199254740991, -9007199254740991]", "[9007199254740991,-9007199254740991]")]
    [InlineData("[9007199254740993.0, 1e20, -0, -0.0, 10, 0.5]", "[9007199254740992,100000000000000000000,0,0,10,0.5]")]
    public void Each_value_has_one_spelling(string source, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(Canonical(source)));

    [Theory]
    [InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("[-9007199254740992]")]
    [InlineData("""["\ud800"]""")]
    [InlineData("""{"\udead":1}""")]
    [InlineData("[1e999]")]
    [InlineData("[9007199254740993]")]
    public void What_two_readers_could_take_differently_is_refused(string source) =>
        Assert.Throws<FormatException>(() => Canonical(source));

    [Fact]
    public void Every_finite_number_reads_back_as_itself() =>
        Prop.ForAll(
                ArbMap.Default.ArbFor<long>(),
                bits =>
                {
                    var number = BitConverter.Int64BitsToDouble(bits);
                    return !double.IsFinite(number)
                        || double.Parse(
                            CanonicalJson.FormatNumber(number),
                            System.Globalization.CultureInfo.InvariantCulture
                        ) == number;
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void The_canonical_form_of_a_canonical_form_is_itself() =>
        Prop.ForAll(
                ArbMap.Default.ArbFor<Dictionary<NonNull<string>, double>>(),
                values =>
                {
                    var finite = values
                        .Where(pair => double.IsFinite(pair.Value) && !pair.Key.Get.Any(char.IsSurrogate))
                        .GroupBy(pair => pair.Key.Get)
                        .ToDictionary(group => group.Key, group => group.First().Value);
                    var once = CanonicalJson.Serialize(finite, JsonSerializerOptions.Default);
                    return once.SequenceEqual(Canonical(Encoding.UTF8.GetString(once)));
                }
            )
            .QuickCheckThrowOnFailure();

    private static byte[] Canonical(string json)
    {
        using var document = JsonDocument.Parse(json);
        return CanonicalJson.Serialize(document.RootElement);
    }
}
