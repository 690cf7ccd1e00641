namespace SelfDev.Mutation.Tests;

/// <summary>Whatever stands in a file, what is written compiles, and what cannot be mutated is left alone.</summary>
[Collection(nameof(Specimen))]
public sealed class CompileCheckTests
{
    [Fact]
    public void Where_only_a_constant_compiles_nothing_is_mutated() =>
        Assert.Empty(
            Specimen
                .Of(
                    """
                    private const int Limit = 5 + 6;
                    private enum Kind { One = 1, Two = One + 1 }
                    [Obsolete("text", false)]
                    public static string Run(int a = 3, bool b = true)
                    {
                        const int c = 7;
                        return $"{a,10}{c}" + nameof(Limit);
                    }
                    """
                )
                .Mutants
        );

    [Fact]
    public void An_expression_tree_is_left_alone() =>
        Assert.Empty(
            Specimen
                .Of("public static System.Linq.Expressions.Expression<Func<int, bool>> Run() => a => a > 5;")
                .Mutants
        );

    [Fact]
    public void A_hash_code_and_a_cancellation_are_left_alone() =>
        Assert.Empty(
            Specimen
                .OfFile(
                    """
                    public sealed class Thing(int a)
                    {
                        public override int GetHashCode() => a * 31 + 7;
                        public void Stop(System.Threading.CancellationToken token) { token.ThrowIfCancellationRequested(); }
                    }
                    """
                )
                .Mutants
        );

    [Fact]
    public void A_guard_whose_variable_is_needed_later_is_dropped_and_the_rest_stays()
    {
        var specimen = Specimen.Of(
            """
            public static int Run(object a)
            {
                if (a is not int n)
                {
                    return -1;
                }

                return n + n;
            }
            """
        );

        var dropped = Assert.Single(specimen.Dropped, one => one.Mutant.Operator == "guard");
        Assert.Equal("CS0165", dropped.Error);
        Assert.Contains("n + n -> n - n", specimen.Shown);
        Assert.Equal("6", specimen.Run(0, 3));
    }

    [Fact]
    public void One_that_does_not_compile_takes_no_other_along()
    {
        var specimen = Specimen.Of(
            "public static int Run(int a) { while (a.Equals(a)) { a += 2; if (a > 9) { return a; } } return a; }"
                + "public static TimeSpan Between(DateTime a, DateTime b) => a - b;"
                + "public static bool Same(DateTime a, DateTime b) => a == b;"
        );

        Assert.Contains(
            specimen.Dropped,
            one => one.Mutant.Original == "a - b" && one.Error.StartsWith("CS", StringComparison.Ordinal)
        );
        Assert.Contains("a == b -> a != b", specimen.Shown);
        Assert.Contains("a > 9 -> a >= 9", specimen.Shown);
    }

    [Fact]
    public void Every_construct_that_a_switch_could_break_still_compiles_and_means_the_same()
    {
        // Compiled, loaded and run: an error would fail in the specimen itself.
        var specimen = Specimen.Of(
            """"
            private static readonly int[] Numbers = new int[3 + 1];
            private static int _field = 1 + 1;
            public static int Property { get; set; } = 2 * 3;
            public static string Run(string text)
            {
                Span<byte> bytes = stackalloc byte[8];
                ReadOnlySpan<char> part = text.Length > 3 ? text.AsSpan(1, 2) : text.AsSpan()[..^1];
                ref var slot = ref Numbers[1 + 1];
                slot += 5;
                Numbers[^1] = Numbers is [_, var second, ..] && second >= 0 ? 1 : 0;
                checked { _field = _field * 2 - 1; }
                for (int i = 0, j = 10; i < j; i++, j--) { Property += i; }
                if (int.TryParse(text, out var number) && number > 0
                    || text is { Length: > 2 } longer && longer[0] != 'x') { bytes[0]++; }
                else if (!text.Any())
                {
                    throw new ArgumentException($"{(text.Length > 1 ? "a:b" : "c")} {text.Length + 1:x4}");
                }
                var lookup = new Dictionary<string, int>(4 - 1) { ["a"] = 1, [text] = text.Length - 1 };
                Func<int, Func<int, bool>> nested = a => b => a > b && b < 5;
                (int Left, int Right) pair = (text.Length + 1, lookup.TryGetValue("a", out var found) ? found : -1);
                var raw = text.Length > 2
                    ? """
                      one
                      two
                      """
                    : /* a comment */ "three"; // another
                lock (Numbers) { Local(ref _field, 3); }
                // What an arm holds is mutated, too.
                var label = pair switch
                {
                    (0, _) => "zero",
                    ( > 3, var right) when right > 0 => "more" + right,
                    { Left: < 4 } => "less",
                    _ => "other",
                };
                return $"{part} {_field} {Property} {bytes[0]} {nested(2)(1)} {raw} {label} {Try(text)} {slot}"
                    + string.Join(' ', Odd(5));

                static void Local(ref int value, int by = 1) => value = value > 2 ? value + by : value;
            }

            private static IEnumerable<int> Odd(int below)
            {
                for (var i = 0; ; i++)
                {
                    if (i >= below) { yield break; }
                    if (i % 2 == 1) { yield return i; }
                }
            }

            private static string Try(string text)
            {
                try { return text.Substring(2, 1); }
                catch (ArgumentOutOfRangeException wrong)
                    when (wrong.ParamName is not null && text.Length < 3) { return "short"; }
                finally { Property = Property > 50 ? 0 : Property; }
            }
            """"
        );

        Assert.True(specimen.Mutants.Count > 60, $"{specimen.Mutants.Count} mutants");
        Assert.StartsWith("bc", specimen.Run(0, "abcd"), StringComparison.Ordinal);
        Assert.True(specimen.Dropped.Count < specimen.Mutants.Count / 4, $"{specimen.Dropped.Count} dropped");
    }

    [Fact]
    public void Without_mutants_a_file_stays_as_it_is_and_with_them_it_stays_outside_of_them()
    {
        const string Source = """
            // A comment.
            public static class Code
            {
                #region Kept
                /// <summary>Kept.</summary>
                public static int Run(int a)   =>   a  /* here */  +  a; // and here
                #endregion
            }
            """;

        var text = Specimen.OfFile(Source).Text;
        Assert.StartsWith(Source[..Source.IndexOf("a  /*", StringComparison.Ordinal)], text, StringComparison.Ordinal);
        Assert.EndsWith(Source[Source.IndexOf("; // and", StringComparison.Ordinal)..], text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_reached_is_noted_and_nothing_else()
    {
        var specimen = Specimen.Of(
            "public static int Run(bool a) { if (a) { return Near(1); } return Far(2); }"
                + "private static int Near(int a) => a * a; private static int Far(int a) => a - a;"
        );
        var near = specimen.Mutants.Single(mutant => mutant.Original == "a * a").Id;
        var far = specimen.Mutants.Single(mutant => mutant.Original == "a - a").Id;

        Assert.Contains(near, specimen.Reached(true));
        Assert.DoesNotContain(far, specimen.Reached(true));
        Assert.Contains(far, specimen.Reached(false));
    }

    [Fact]
    public void A_mutant_says_where_it_is()
    {
        var mutant = Specimen
            .OfFile(
                """
                namespace Some.Where;

                public static class Outer
                {
                    public sealed class Inner
                    {
                        public bool Same(int a,
                            int b) => a == b;
                    }
                }
                """
            )
            .Mutants.Single();

        Assert.Equal(
            ("Code.cs", 8, "Inner.Same", "equality"),
            (mutant.File, mutant.Line, mutant.Member, mutant.Operator)
        );
    }
}
