using SelfDev.Core.Findings;

namespace SelfDev.Core.Artifacts;

/// <summary>Where something stands in the files of a request.</summary>
internal sealed record Place(string File, long Line, long Offset, string Text)
{
    public Evidence ToEvidence(bool nameFile) => new(Line, Offset, Text) { File = nameFile ? File : null };
}
