namespace SelfDev.Mutation.Tests;

/// <summary>Each kind of fault: it is found, shown as it is, compiles beside all others, and shows.</summary>
[Collection(nameof(Specimen))]
public sealed class OperatorTests
{
    [Fact]
    public void A_relation_moves_its_boundary_and_turns_round() =>
        Check(
            "public static bool Run(int a) => a < 5;",
            [
                [4],
                [5],
                [6],
            ],
            "a < 5 -> a <= 5",
            "a < 5 -> a >= 5",
            "a < 5 -> a < 6",
            "a < 5 -> a < 0"
        );

    [Fact]
    public void An_equality_turns_round() =>
        Check(
            "public static bool Run(string? a) => a == null;",
            [
                ["x"],
            ],
            "a == null -> a != null"
        );

    [Fact]
    public void A_pattern_turns_round_and_moves_its_boundary() =>
        Check(
            "public static bool Run(int a) => a is >= 1 and < 9;",
            [
                [0],
                [1],
                [5],
                [8],
                [9],
            ],
            "a is >= 1 and < 9 -> a is not >= 1 and < 9",
            "a is >= 1 and < 9 -> a is >= 1 or < 9",
            "a is >= 1 and < 9 -> a is > 1 and < 9",
            "a is >= 1 and < 9 -> a is < 1 and < 9",
            "a is >= 1 and < 9 -> a is >= 1 and <= 9",
            "a is >= 1 and < 9 -> a is >= 1 and >= 9"
        );

    [Fact]
    public void A_negated_pattern_loses_its_not() =>
        Check(
            "public static bool Run(object? a) => a is not null;",
            [
                [1],
            ],
            "a is not null -> a is null"
        );

    [Fact]
    public void Logic_is_exchanged_and_each_operand_ignored() =>
        Check(
            "public static bool Run(bool a, bool b) => a && b;",
            [
                [true, false],
                [false, true],
            ],
            "a && b -> a || b",
            "a && b -> true && b",
            "a && b -> a && true"
        );

    [Fact]
    public void A_chain_ignores_each_of_its_operands_once()
    {
        var specimen = Specimen.Of("public static bool Run(bool a, bool b, bool c) => a || b || c;");

        Assert.Equal(3, specimen.Mutants.Count(mutant => mutant.Operator == "operand"));
        Assert.Empty(specimen.Unnoticed([true, false, false], [false, true, false], [false, false, true]));
    }

    [Fact]
    public void An_operand_that_declares_a_variable_is_ignored_where_the_variable_is_not_needed() =>
        Check(
            "public static int Run(object a, bool b) { if (a is int n && b) { return n; } return -7; }",
            [
                [3, false],
                [3, true],
            ],
            "a is int n && b -> a is int n && true",
            "a is int n && b -> false",
            "return n; -> (removed)",
            "return -7; -> return 7;",
            "return -7; -> return -8;",
            "return -7; -> return -0;"
        );

    [Fact]
    public void A_negation_is_taken_out() =>
        Check(
            "public static bool Run(bool a) => !a;",
            [
                [true],
            ],
            "=> !a -> => a"
        );

    [Fact]
    public void A_condition_turns_round() =>
        Check(
            "public static int Run(string a) => a.Contains('x') ? a.Length : a.Length + a.Length;",
            [
                ["x"],
                ["y"],
            ],
            "a.Contains('x') -> !a.Contains('x')",
            "a.Length + a.Length -> a.Length - a.Length"
        );

    [Fact]
    public void A_loop_is_never_entered() =>
        Check(
            """
            public static string Run(string a)
            {
                var (rest, s) = (new Queue<char>(a), "");
                while (rest.TryDequeue(out var x)) { s = s + x; }
                return s;
            }
            """,
            [
                ["ab"],
            ],
            "rest.TryDequeue(out var x) -> false",
            "s = s + x; -> (removed)"
        );

    [Fact]
    public void A_result_turns_round() =>
        Check(
            "public static bool Run(string a) { return a.StartsWith('x'); }",
            [
                ["x"],
            ],
            "a.StartsWith('x') -> !a.StartsWith('x')"
        );

    [Fact]
    public void A_boolean_literal_is_the_other_one() =>
        Check(
            "public static bool Run() => true;",
            [
                [],
            ],
            "=> true -> => false"
        );

    [Theory]
    [InlineData("+", "-")]
    [InlineData("-", "+")]
    [InlineData("*", "/")]
    [InlineData("/", "*")]
    [InlineData("%", "*")]
    [InlineData("&", "|")]
    [InlineData("|", "&")]
    [InlineData("<<", ">>")]
    [InlineData(">>", "<<")]
    public void Arithmetic_is_exchanged(string original, string mutated) =>
        Check(
            $"public static int Run(int a, int b) => a {original} b;",
            [
                [12, 3],
            ],
            $"a {original} b -> a {mutated} b"
        );

    [Fact]
    public void Texts_are_not_arithmetic() =>
        Assert.Empty(Specimen.Of("public static string Run(string a, string b) => a + b;").Mutants);

    [Fact]
    public void An_assignment_that_calculates_calculates_otherwise_or_not_at_all() =>
        Check(
            "public static int Run(int a) { var n = a; n += a; n++; return n; }",
            [
                [2],
            ],
            "n += a; -> n -= a;",
            "n += a; -> (removed)",
            "n++; -> n--;"
        );

    [Fact]
    public void A_number_is_one_more_and_zero() =>
        Check(
            "public static TimeSpan Run() => TimeSpan.FromMinutes(2.5);",
            [
                [],
            ],
            "TimeSpan.FromMinutes(2.5) -> TimeSpan.FromMinutes(3.5d)",
            "TimeSpan.FromMinutes(2.5) -> TimeSpan.FromMinutes(0d)"
        );

    [Fact]
    public void A_number_that_becomes_another_type_does_so_as_a_mutant() =>
        Check(
            "public static string Run() { byte a = 7; ulong? b = 7; return $\"{a} {b}\"; }",
            [
                [],
            ],
            "a = 7 -> a = 8",
            "a = 7 -> a = 0",
            "b = 7 -> b = 8",
            "b = 7 -> b = 0"
        );

    [Fact]
    public void The_smaller_becomes_the_larger() =>
        Check(
            "public static int Run(int a, int b) => Math.Min(a, b);",
            [
                [1, 2],
            ],
            "Math.Min(a, b) -> Math.Max(a, b)"
        );

    [Fact]
    public void A_call_that_nobody_uses_is_taken_out() =>
        Check(
            "public static List<int> Run(int a) { var list = new List<int>(); list.Add(a); return list; }",
            [
                [3],
            ],
            "list.Add(a); -> (removed)"
        );

    [Fact]
    public void An_await_that_nobody_uses_is_taken_out() =>
        Check(
            """
            public static async Task<int> Run() { var list = new List<int>(); await Put(list); return list.Count; }
            private static async Task Put(List<int> list) { await Task.Yield(); list.Insert(list.Count, list.Count); }
            """,
            [
                [],
            ],
            noticedBy: ["await Put(list); -> (removed)", "list.Insert(list.Count, list.Count); -> (removed)"],
            "await Put(list); -> (removed)",
            "await Task.Yield(); -> (removed)",
            "list.Insert(list.Count, list.Count); -> (removed)"
        );

    [Fact]
    public void A_method_that_is_one_call_does_nothing() =>
        Check(
            """
            public static List<int> Run(int a)
            {
                var list = new List<int>();
                Put(list, a);
                PutAsync(list, a).Wait();
                return list;
            }

            private static void Put(List<int> list, int a) => list.Add(a);
            private static Task PutAsync(List<int> list, int a) => Task.Run(() => list.Add(a));
            """,
            [
                [3],
            ],
            "Put(list, a); -> (removed)",
            "PutAsync(list, a).Wait(); -> (removed)",
            "list.Add(a) -> (removed)",
            "Task.Run(() => list.Add(a)) -> (removed)"
        );

    [Fact]
    public void A_guard_lets_pass() =>
        Check(
            """
            public static int Run(string a)
            {
                if (a.Contains('x')) throw new ArgumentException(a);
                foreach (var c in a) { if (c.Equals('s')) { continue; } if (c.Equals('b')) { break; } }
                if (a.Contains('r')) { return a.Length; }
                return a.GetHashCode() + a.Length;
            }
            """,
            [
                ["x"],
                ["r"],
                ["y"],
                ["s"],
                ["b"],
            ],
            noticedBy:
            [
                "throw new ArgumentException(a); -> (removed)",
                "return a.Length; -> (removed)",
                "a.Contains('x') -> !a.Contains('x')",
                "a.Contains('r') -> !a.Contains('r')",
                "a.GetHashCode() + a.Length -> a.GetHashCode() - a.Length",
            ],
            "throw new ArgumentException(a); -> (removed)",
            "return a.Length; -> (removed)",
            "a.Contains('x') -> !a.Contains('x')",
            "a.Contains('r') -> !a.Contains('r')",
            "a.GetHashCode() + a.Length -> a.GetHashCode() - a.Length",
            "c.Equals('s') -> !c.Equals('s')",
            "continue; -> (removed)",
            "c.Equals('b') -> !c.Equals('b')",
            "break; -> (removed)"
        );

    [Fact]
    public void A_removed_statement_keeps_the_else_that_follows_where_it_belongs()
    {
        var specimen = Specimen.Of(
            "public static object Run(bool a) { var l = new List<int>(); if (a) l.Add(1); else l.Add(2); return l; }"
        );

        var removed = specimen.Mutants.Single(mutant => mutant.Original == "l.Add(1);");
        Assert.Equal("1", specimen.Run(0, true));
        Assert.Equal("", specimen.Run(removed.Id, true));
        Assert.Equal("2", specimen.Run(removed.Id, false));
    }

    [Fact]
    public void What_stands_in_for_null_is_left_out_and_so_is_what_it_stands_in_for() =>
        Check(
            "public static string Run(string? a, int? b) => (a ?? \"none\") + \"/\" + (b ?? 4);",
            [
                ["x", 1],
                [null, null],
            ],
            "a ?? \"none\" -> a",
            "a ?? \"none\" -> \"none\"",
            "b ?? 4 -> b",
            "b ?? 4 -> 4",
            "b ?? 4 -> b ?? 5",
            "b ?? 4 -> b ?? 0"
        );

    [Fact]
    public void What_is_only_set_once_is_set_again() =>
        Check(
            "public static string Run(string? a) { a ??= \"none\"; return a; }",
            [
                ["x"],
                [null],
            ],
            "a ??= \"none\"; -> (removed)",
            "a ??= \"none\"; -> a = \"none\";"
        );

    [Fact]
    public void A_null_conditional_goes_on_regardless() =>
        Check(
            """
            public static int? Run(string? a, DateTime? b, object? c)
            {
                c?.ToString();
                return a?.Trim().Length + b?.Day;
            }
            """,
            [
                ["x", DateTime.UnixEpoch, new Uri[1]],
                [null, null, null],
                [null, DateTime.UnixEpoch, new Uri[1]],
                ["x", null, new Uri[1]],
            ],
            noticedBy: ["c?.ToString(); -> c.ToString();", "a?.Trim().Length -> a.Trim().Length", "b?.Day -> b.Day"],
            "c?.ToString(); -> (removed)",
            "c?.ToString(); -> c.ToString();",
            "a?.Trim().Length -> a.Trim().Length",
            "b?.Day -> b.Day",
            "a?.Trim().Length + b?.Day -> a?.Trim().Length - b?.Day"
        );

    [Fact]
    public void An_arm_is_never_taken() =>
        Check(
            "public static object Run(int a, bool b) => a switch { 1 or 2 => \"few\", 3 when b => \"3\", _ => \"\" };",
            [
                [1, true],
                [3, true],
                [4, true],
                [3, false],
            ],
            "1 or 2 => \"few\" -> (never taken)",
            "3 when b => \"3\" -> (never taken)",
            "_ => \"\" -> (never taken)",
            "3 when b => \"3\" -> 3 when !b => \"3\""
        );

    [Fact]
    public void An_arm_that_throws_stays() =>
        Check(
            "public static string Run(int a) => a switch { 1 => \"one\", _ => throw new InvalidOperationException() };",
            [
                [1],
            ],
            "1 => \"one\" -> (never taken)"
        );

    [Fact]
    public void A_case_is_never_taken() =>
        Check(
            """
            public static string Run(object a)
            {
                switch (a) { case 1: return "one"; case string: return "text"; default: return "other"; }
            }
            """,
            [
                [1],
                ["x"],
            ],
            "case 1: -> (never taken)",
            "case string: -> (never taken)"
        );

    [Theory]
    [InlineData("a.Any(x => x.Equals(1))", "a.All(x => x.Equals(1))", "True")]
    [InlineData("a.All(x => x.Equals(1))", "a.Any(x => x.Equals(1))", "False")]
    [InlineData("a.Any()", "!a.Any()", "True")]
    [InlineData("a.First()", "a.Last()", "1")]
    [InlineData("a.LastOrDefault()", "a.FirstOrDefault()", "3")]
    [InlineData("a.Max()", "a.Min()", "3")]
    [InlineData("a.MinBy(x => x)", "a.MaxBy(x => x)", "1")]
    [InlineData("a.OrderBy(x => x)", "a.OrderByDescending(x => x)", "1,2,3")]
    [InlineData("a.Where(x => x.Equals(1))", "a", "1")]
    [InlineData("a.Take(a.Count - a.First())", "a", "1,2")]
    [InlineData("a.Skip(a.First())", "a", "2,3")]
    public void A_question_to_a_sequence_is_another_one(string original, string mutated, string result)
    {
        var specimen = Specimen.Of($"public static object? Run(List<int> a) => {original};");

        var call = new object[]
        {
            new List<int> { 1, 2, 3 },
        };
        var mutant = Assert.Single(
            specimen.Mutants,
            mutant => mutant.Original == original && mutant.Mutated == mutated
        );
        Assert.Equal(result, specimen.Run(0, call));
        Assert.NotEqual(result, specimen.Run(mutant.Id, call));
    }

    [Fact]
    public void A_filter_turns_round() =>
        Assert.Contains(
            "x.Equals(1) -> !x.Equals(1)",
            Specimen.Of("public static object Run(int[] a) => a.Where(x => x.Equals(1)).ToList();").Shown
        );

    [Fact]
    public void A_text_is_empty_only_if_asked_for_and_never_in_an_exception()
    {
        const string Code = "public static string Run(bool a) { if (a) throw new Exception(\"no\"); return \"yes\"; }";

        Assert.DoesNotContain(Specimen.Of(Code).Mutants, mutant => mutant.Operator == "text");
        var text = Assert.Single(Specimen.Of(Code, withTexts: true).Mutants, mutant => mutant.Operator == "text");
        Assert.Equal("return \"\";", text.Mutated);
    }

    // Exactly these are found, and every one is noticed by some call.
    private static void Check(string members, object?[][] calls, params string[] shown) =>
        Check(members, calls, shown, shown);

    private static void Check(string members, object?[][] calls, string[]? noticedBy, params string[] shown)
    {
        var specimen = Specimen.Of(members);

        Assert.Equal(shown.Order(StringComparer.Ordinal), specimen.Shown.Order(StringComparer.Ordinal));
        if (noticedBy is not null)
        {
            Assert.Empty(specimen.Unnoticed(calls).Intersect(noticedBy));
        }
    }
}
