from hypothesis import settings

# How long one example takes says more about the machine than about the code.
settings.register_profile("mpls311", deadline=None)
settings.load_profile("mpls311")
