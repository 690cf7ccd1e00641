using System.Text.Json;

namespace SelfDev.Core.Approvals;

/// <summary>Where one person is reached.</summary>
/// <param name="Webhook">
/// An address that this person alone reads. A link that is sent there may decide by itself where the quorum is one.
/// </param>
public sealed record PolicyPerson(Uri Webhook);

/// <summary>The parts of the policy file under <c>people</c> and <c>killSwitch</c>.</summary>
internal sealed class PolicyPeopleFormat(PolicyFields fields)
{
    public IReadOnlyDictionary<string, PolicyPerson> Read(JsonElement element, string path)
    {
        var people = new Dictionary<string, PolicyPerson>(Identity.Comparer);
        foreach (var (name, person) in fields.Object(element, path))
        {
            var place = $"{path}.{name}";
            if (!Identity.IsWellFormed(name))
            {
                fields.Error(
                    place,
                    "is no identity: use an e-mail address or name of ASCII letters, digits and ._%+@-"
                );
            }

            var text = fields.Text(fields.Object(person, place, "webhook"), place, "webhook");
            if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http"))
            {
                fields.Error($"{place}.webhook", "is no http or https address");
            }
            else if (!people.TryAdd(name, new PolicyPerson(address)))
            {
                fields.Error(place, "the same person stands in it twice");
            }
        }

        // One channel that two people read would make one reader two people.
        foreach (var shared in people.GroupBy(person => person.Value.Webhook).Where(group => group.Count() > 1))
        {
            fields.Error(
                path,
                $"{string.Join(" and ", shared.Select(person => person.Key))} have one address: each person needs "
                    + $"their own"
            );
        }

        return people;
    }

    public IReadOnlyList<string> Releasers(JsonElement element, string path)
    {
        var names = fields.Strings(fields.Object(element, path, "release"), path, "release");
        foreach (var name in names.Where(name => !Identity.IsWellFormed(name)))
        {
            fields.Error($"{path}.release", $"'{name}' is no identity");
        }

        return names;
    }
}
