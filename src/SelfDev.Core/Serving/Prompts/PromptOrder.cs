using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Prompts;

/// <summary>The order in which templates render a prompt's pieces.</summary>
internal static class PromptOrder
{
    /// <summary>Tools, system prompt, rendered prompt, messages: the order in which templates put them, whatever the
    /// order in the log.</summary>
    public static void Restore(ServedRequest request)
    {
        var components = request.Components;
        for (var i = 1; i < components.Count; i++)
        {
            if (components[i].Kind < components[i - 1].Kind)
            {
                var places = Enumerable.Range(0, components.Count).OrderBy(place => components[place].Kind).ToArray();
                var sorted = places.Select(place => components[place]).ToList();
                var moved = new int[places.Length];
                for (var to = 0; to < places.Length; to++)
                {
                    moved[places[to]] = to;
                }

                for (var call = 0; call < request.ToolCalls.Count; call++)
                {
                    var (id, place) = request.ToolCalls[call];
                    request.ToolCalls[call] = (id, place >= 0 && place < moved.Length ? moved[place] : place);
                }

                components.Clear();
                components.AddRange(sorted);
                return;
            }
        }
    }
}
