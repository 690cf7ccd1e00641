using SelfDev.Testing;

namespace SelfDev.EndToEnd.Tests.Architecture;

/// <summary>The C# files of the repository, as they lie in the working tree.</summary>
internal static class SourceTree
{
    /// <returns>Paths from the repository's root, with <c>/</c>.</returns>
    public static IReadOnlyList<string> Files(params string[] under) =>
        [
            .. under
                .SelectMany(folder =>
                    Directory.EnumerateFiles(
                        Path.Combine(SharedData.RepositoryRoot(), folder),
                        "*.cs",
                        SearchOption.AllDirectories
                    )
                )
                .Select(file => Path.GetRelativePath(SharedData.RepositoryRoot(), file).Replace('\\', '/'))
                .Where(file => !file.Split('/').Any(part => part is "bin" or "obj"))
                .Order(StringComparer.Ordinal),
        ];

    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(SharedData.RepositoryRoot(), file));

    /// <summary>
    /// Circles in a graph: its strongly connected components of more than one node (Tarjan, "Depth-first search and
    /// linear graph algorithms", 1972).
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<string>> Circles(ILookup<string, string> uses)
    {
        var (index, low, stack) = (
            new Dictionary<string, int>(StringComparer.Ordinal),
            new Dictionary<string, int>(StringComparer.Ordinal),
            new Stack<string>()
        );
        var circles = new List<IReadOnlyList<string>>();
        foreach (var node in uses.Select(group => group.Key))
        {
            if (!index.ContainsKey(node))
            {
                Visit(node);
            }
        }

        return circles;

        void Visit(string node)
        {
            low[node] = index[node] = index.Count;
            stack.Push(node);
            foreach (var next in uses[node].Distinct())
            {
                if (!index.TryGetValue(next, out var known))
                {
                    Visit(next);
                    low[node] = Math.Min(low[node], low[next]);
                }
                else if (stack.Contains(next))
                {
                    low[node] = Math.Min(low[node], known);
                }
            }

            if (low[node] != index[node])
            {
                return;
            }

            var component = new List<string>();
            do
            {
                component.Add(stack.Pop());
            } while (component[^1] != node);
            if (component.Count > 1)
            {
                circles.Add([.. component.Order(StringComparer.Ordinal)]);
            }
        }
    }
}
