"""Whether all of it works in a project of Google Cloud: one page of PASS and FAIL.

    make acceptance PROJECT=my-empty-project    makes, runs and destroys everything
    make acceptance                             rehearses on emulators what can be done there

What is read is the stand-in city, served by this machine; what is written is the project's. It
refuses a project that has the bucket or the datasets already, as Terraform does. The login is that
of Google's tools; docker, terraform and gcloud must be there.
"""
