using System.Globalization;
using System.Text.RegularExpressions;

namespace SelfDev.Core.Evaluation.Model;

/// <summary>The training step that a checkpoint's name carries.</summary>
internal static partial class CheckpointStep
{
    /// <summary>Of <c>revision=step13000</c>, <c>160m_step13000.json</c>, <c>checkpoint-500</c>, <c>iter_0001000</c>,
    /// <c>ckpt42</c>; null where nothing of the kind is in it.</summary>
    public static long? Of(string? name)
    {
        if (name is null)
        {
            return null;
        }

        var matches = Named().Matches(name);
        return
            matches.Count > 0
            && long.TryParse(
                matches[^1].Groups[1].ValueSpan,
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var step
            )
            ? step
            : null;
    }

    [GeneratedRegex(
        @"(?:step|iter(?:ation)?|checkpoint|ckpt|epoch)[-_= ]{0,2}(\d{1,15})",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking
    )]
    private static partial Regex Named();
}
