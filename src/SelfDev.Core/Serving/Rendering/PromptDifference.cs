using System.Runtime.InteropServices;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving.Cache;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Rendering;

/// <summary>A fault as one request, or one pair of them, shows it.</summary>
/// <param name="Kind">Of <see cref="FindingKinds"/>.</param>
/// <param name="Component">Of the later prompt, or of the earlier where the later lacks it.</param>
internal readonly record struct PromptDifference(
    string Kind,
    PromptComponent Component,
    FaultSpan Earlier,
    FaultSpan Later
);
