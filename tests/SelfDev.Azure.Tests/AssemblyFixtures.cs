using SelfDev.Testing;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]
