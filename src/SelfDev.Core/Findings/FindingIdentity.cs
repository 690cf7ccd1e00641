using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SelfDev.Core.Findings;

/// <summary>
/// What stays the same of a finding when its log has grown and is read again: its kind and its first cited line. Ids
/// (F1, F2, ...) may shift; identities do not, so nothing is alerted twice. A growing log is read again from its
/// beginning, at the speed of the disk: detectors keep no state between readings.
/// </summary>
public static class FindingIdentity
{
    /// <returns>64 hexadecimal digits.</returns>
    public static string Of(Finding finding)
    {
        var first = finding.Evidence[0];
        return Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{finding.Kind}\n{first.File}\n{first.Offset}\n{first.Text}"
                    )
                )
            )
        );
    }

    /// <summary>The findings that an earlier reading of the same log did not have, and those that have become more
    /// severe since.</summary>
    public static IReadOnlyList<Finding> New(IReadOnlyList<Finding> now, IReadOnlyList<Finding> before)
    {
        var known = before
            .GroupBy(Of)
            .ToDictionary(group => group.Key, group => group.Max(finding => finding.Severity));
        return
        [
            .. now.Where(finding => !known.TryGetValue(Of(finding), out var severity) || finding.Severity > severity),
        ];
    }
}
