using System.Globalization;
using System.Runtime.InteropServices;

namespace SelfDev.Core.Serving.Model;

/// <summary>Where a request stands in the artifact.</summary>
internal readonly record struct RequestPlace(
    int File,
    string FileName,
    long Line,
    long Offset,
    long Number,
    double Time
)
{
    public static RequestPlace Of(ServedRequest request) =>
        new(request.File, request.FileName, request.Line, request.Offset, request.Number, request.Time);
}
