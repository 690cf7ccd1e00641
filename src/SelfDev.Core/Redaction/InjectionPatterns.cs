using System.Text.RegularExpressions;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Redaction;

/// <summary>
/// The table of what injected instructions look like. Sources: OWASP Top 10 for LLM applications 2025, LLM01; the chat
/// templates of ChatML, Llama 2 and 3, Gemma and Harmony for the delimiters; Greshake et al. 2023 (arXiv:2302.12173)
/// for instructions inside data. Logs say "loss scale to 8192" and "please run pip install": the forms ask for more
/// than that.
/// </summary>
internal static class InjectionPatterns
{
    private static readonly (string Kind, Regex Pattern)[] Table =
    [
        (
            InjectionKinds.InstructionOverride,
            Of(
                @"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|preceding|all|any|your|system|these|the)\b.{0,40}\b(?:instructions?|prompts?|rules?|guidelines?|directions?|constraints?|policy|policies)\b"
            )
        ),
        (InjectionKinds.InstructionOverride, Of(@"\bignore (?:all |everything )?(?:the )?(?:previous|above)\b")),
        (InjectionKinds.InstructionOverride, Of(@"\bnew (?:system )?(?:instructions?|prompt)\s*:")),
        (
            InjectionKinds.RoleDelimiter,
            Of(
                @"<\|(?:im_start|im_end|im_sep|system|user|assistant|start_header_id|end_header_id|eot_id|start|message|channel)\|>"
            )
        ),
        (
            InjectionKinds.RoleDelimiter,
            Of(@"<<SYS>>|<</SYS>>|\[/?INST\]|<(?:start|end)_of_turn>|</?(?:system|assistant|developer|instructions?)>")
        ),
        (
            InjectionKinds.RoleDelimiter,
            Of(
                @"(?:^|[\]:#>]\s*)\s*(?:system|assistant|developer)\s*:\s*(?:you|ignore|please|now|from|the following|approve|recommend)\b"
            )
        ),
        (InjectionKinds.RoleDelimiter, Of(@"""role""\s*:\s*""(?:system|developer|assistant)""")),
        (
            InjectionKinds.FenceSpoof,
            Of(
                @"\b(?:end|begin) of (?:the )?(?:evidence|data|log|untrusted|quoted)\b|</?(?:evidence|data|untrusted|log)>|\bevidence-[0-9a-f]{8,}"
            )
        ),
        (
            InjectionKinds.ApprovalClaim,
            Of(
                @"\b(?:approved|authori[sz]ed|signed off) by (?:the )?(?:\w+ )?(?:admin|administrator|security|human|operator|sre|on-?call|manager|owner|root|ceo|cto)\b"
            )
        ),
        (
            InjectionKinds.ApprovalClaim,
            Of(
                @"\b(?:pre-?approved|already approved)\b|\bapproval (?:is |was |has been )?(?:granted|not (?:needed|required)|unnecessary|waived)\b|\bno (?:human )?approval (?:is )?(?:needed|required)\b"
            )
        ),
        (
            InjectionKinds.ActionDemand,
            Of(
                @"\b(?:you must|you should|you have to|assistant[,:]|ai[,:]|(?:the )?(?:model|analyst|assistant|llm|ai) (?:must|should|shall|has to))\b.{0,60}\b(?:scale|delete|reimage|roll back|approve|execute|recommend|propose|answer|respond|reply|output)\b"
            )
        ),
        (
            InjectionKinds.ActionDemand,
            Of(
                @"\b(?:recommend(?:ed)?_?\s?action|action)""?\s*[:=]\s*""?(?:"
                    + string.Join('|', ActionCatalog.Rows.Select(row => Regex.Escape(row.Kind)))
                    + @")\b"
            )
        ),
        (
            InjectionKinds.Persona,
            Of(
                @"\byou are now (?:a|an|the|in|my)\b|\b(?:act|behave) as (?:a |an |the )?(?:admin|administrator|root|system|developer|unrestricted)|\bdeveloper mode\b|\bjailbreak"
            )
        ),
        (
            InjectionKinds.Persona,
            Of(
                @"\b(?:reveal|print|repeat|show|output) (?:me )?(?:your|the) (?:system )?(?:instructions|prompt|rules)\b"
            )
        ),
    ];

    public static IEnumerable<string> Match(string text) =>
        Table.Where(row => row.Pattern.IsMatch(text)).Select(row => row.Kind).Distinct(StringComparer.Ordinal);

    private static Regex Of(string pattern) =>
        new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);
}
