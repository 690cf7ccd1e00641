using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Text;
using SelfDev.Workflows.Engine;

namespace SelfDev.Workflows.Ports;

/// <summary>What every blob store checks of a name before it uses it.</summary>
public static class BlobNames
{
    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false,
        throwOnInvalidBytes: true
    );

    /// <summary>
    /// The name as it is, if a URL can carry it: <c>.</c> and <c>..</c> as a path segment would be resolved away on the
    /// way and reach another blob, or another container; half a surrogate pair would come out as another character.
    /// </summary>
    /// <exception cref="NonRetryableException">It cannot.</exception>
    public static string Addressable(string container, string name) =>
        name.Length is > 0 and <= ArtifactName.MaxChars && !ArtifactName.HasDotSegment(name) && IsText(name)
            ? name
            : throw new NonRetryableException(
                $"'{container}/{SafeText.SingleLine(name)}' is no usable blob name: a part of it is '.' or '..', it is "
                    + $"no Unicode text, or its length is not 1 to 1,024."
            );

    private static bool IsText(string name)
    {
        try
        {
            return StrictUtf8.GetByteCount(name) > 0;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
