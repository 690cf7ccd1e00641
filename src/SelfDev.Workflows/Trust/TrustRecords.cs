using System.Buffers;
using System.Globalization;
using SelfDev.Core.Text;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Trust;

/// <summary>What every trust store checks of a record before it takes it, so that none is laxer than another.</summary>
public static class TrustRecords
{
    /// <summary>Characters of a name at most.</summary>
    public const int MaxNameChars = 512;

    private static readonly SearchValues<char> NameChars = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./"
    );

    /// <summary>
    /// A name is parts of ASCII letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, joined by <c>/</c>. No part is empty
    /// or ends with a dot: URLs and file systems would make another name of it.
    /// </summary>
    /// <exception cref="ArgumentException">It is none; the message says why.</exception>
    public static void CheckName(string name)
    {
        CheckPrefix(name);
        if (!IsName(name))
        {
            throw new ArgumentException(
                $"'{name}' is no name of a trust record: a part of it is empty or ends with a dot.",
                nameof(name)
            );
        }
    }

    /// <inheritdoc cref="CheckName"/>
    public static bool IsName(string name) =>
        IsPrefix(name) && Array.TrueForAll(name.Split('/'), part => part.Length > 0 && part[^1] != '.');

    /// <summary>The beginning of a name, the empty one included.</summary>
    /// <exception cref="ArgumentException">No name begins so.</exception>
    public static void CheckPrefix(string prefix)
    {
        if (!IsPrefix(prefix))
        {
            throw new ArgumentException(
                $"'{SafeText.SingleLine(prefix)}' is no name of a trust record: at most {MaxNameChars} ASCII letters, "
                    + $"digits, '-', '_', '.' and '/'.",
                nameof(prefix)
            );
        }
    }

    /// <exception cref="ArgumentException">It is over <see cref="TrustStoreLimits.MaxBytes"/>.</exception>
    public static void CheckContent(string name, ReadOnlyMemory<byte> content)
    {
        if (content.Length > TrustStoreLimits.MaxBytes)
        {
            throw new ArgumentException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The trust record '{name}' has {content.Length} bytes, over the {TrustStoreLimits.MaxBytes} of "
                        + $"one: refer to a blob instead."
                ),
                nameof(content)
            );
        }
    }

    private static bool IsPrefix(string text) =>
        text.Length <= MaxNameChars && !text.AsSpan().ContainsAnyExcept(NameChars);
}
