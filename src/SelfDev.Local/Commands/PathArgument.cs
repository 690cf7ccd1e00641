using System.CommandLine;

namespace SelfDev.Local.Commands;

/// <summary>One path or several.</summary>
internal static class PathArgument
{
    /// <summary>The parser takes an unknown option for one more path; this one says that there is none of that
    /// name.</summary>
    public static Argument<string[]> Of(string name, string description)
    {
        var paths = new Argument<string[]>(name) { Description = description, Arity = ArgumentArity.OneOrMore };
        paths.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => token.Value.Length > 1 && token.Value[0] == '-'))
            {
                result.AddError($"There is no option '{token.Value}'. (A file of that name: ./{token.Value})");
            }
        });
        return paths;
    }
}
