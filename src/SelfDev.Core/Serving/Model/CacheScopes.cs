using System.Runtime.InteropServices;
using System.Text;
using SelfDev.Core.Serving.Cache;

namespace SelfDev.Core.Serving.Model;

/// <summary>Which caches there are: models by their names, backends, and what callers keep apart by cache
/// keys.</summary>
internal sealed class CacheScopes(ServingOptions options, ProviderRules rules)
{
    /// <summary>Models and backends beyond these cost no memory each: a log may name every request's own.</summary>
    private const int MaxNames = 4096;

    private readonly Dictionary<string, (string Base, UInt128 Root, ProviderRule Rule)> _models = new(
        StringComparer.Ordinal
    );
    private readonly HashSet<string> _backends = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Backend, string? Key), int> _scopes = [];

    /// <summary>The model behind a served name, what its prefixes are rooted in, and its rule.</summary>
    public (string Base, UInt128 Root, ProviderRule Rule) ModelOf(string served)
    {
        if (!_models.TryGetValue(served, out var model))
        {
            var name = rules.BaseName(served);
            model = (
                name,
                Fingerprint.Of(Encoding.UTF8.GetBytes(name)),
                options.Provider is { } family ? rules.Named(family)! : rules.Of(name)
            );
            if (_models.Count < MaxNames)
            {
                _models.Add(served, model);
            }
        }

        return model;
    }

    /// <summary>The backend itself; of too many, all later ones are one.</summary>
    public string NamedBackend(string backend) =>
        _backends.Contains(backend) || (_backends.Count < MaxNames && _backends.Add(backend))
            ? backend
            : MissLedger.Other;

    /// <summary>Number of the cache that a request reaches.</summary>
    public int Of(string backend, string? key)
    {
        ref var scope = ref CollectionsMarshal.GetValueRefOrAddDefault(_scopes, (backend, key), out var exists);
        if (!exists)
        {
            scope = _scopes.Count;
        }

        return scope;
    }
}
